"""Checks of the exercises, one module per chapter, and the two things that all chapters share."""
