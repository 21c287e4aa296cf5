"""Bare loops of each framework, as a good user would write them for a GPU: the benchmark's own."""
