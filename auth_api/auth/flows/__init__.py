"""One story a file; the listing of this folder is what auth does."""
