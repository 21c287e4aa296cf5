"""What several differences do at once, in words and tables."""
