"""What only the chapters use: figures, checks of exercises, players, stored tables. Nothing else needs it."""
