"""Layers that pool windows."""
