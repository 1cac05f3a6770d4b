"""Pictures become vectors: encoder, augmentation."""
