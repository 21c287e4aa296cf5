"""Layers of sequences [time, width]."""
