"""HTTP: one file a resource, routes with their request and response models."""
