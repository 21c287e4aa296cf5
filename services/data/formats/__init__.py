"""The formats of published datasets' files."""
