"""The admin's first page: figures and the state of the feeds."""
