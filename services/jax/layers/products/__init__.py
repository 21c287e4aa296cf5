"""Layers of products with a matrix, and of its rows."""
