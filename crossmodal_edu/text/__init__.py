"""Words become vectors: tokens, encoders."""
