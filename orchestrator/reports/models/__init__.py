"""Two models of the user's code, in words and tables."""
