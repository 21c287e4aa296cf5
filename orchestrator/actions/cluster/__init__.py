"""Comparisons over several machines: who they are, and the blocks on them."""
