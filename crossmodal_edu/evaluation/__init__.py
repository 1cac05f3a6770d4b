"""How good is a ranking: measures per query, intervals over queries, and what a space looks like."""
