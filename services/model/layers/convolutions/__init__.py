"""Layers that slide kernels."""
