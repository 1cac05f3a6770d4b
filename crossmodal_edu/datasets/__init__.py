"""Data sets, one module each: every loader returns a catalogue or arrays."""
