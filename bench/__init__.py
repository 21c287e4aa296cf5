"""Benchmarks: the trainers against bare loops, and against the arithmetic alone."""
