"""Conversion of protocol messages to dataclasses and back, with both directions side by side."""
