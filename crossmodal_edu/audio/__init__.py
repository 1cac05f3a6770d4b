"""Sound: from waveforms to vectors, and from text to waveforms."""
