"""Three kinds of vector become one space."""
