"""Threads of a CPU: too many of them, and each side's own best number."""
