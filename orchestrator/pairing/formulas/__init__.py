"""The arithmetic of layers in NumPy, to try on traced arrays what would make two sides agree."""
