"""JSON mappings: what is stored and read, and what is wrong with a value."""
