"""A caller's key and the answer it stands for."""
