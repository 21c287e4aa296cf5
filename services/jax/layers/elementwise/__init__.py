"""Layers that take each value by itself."""
