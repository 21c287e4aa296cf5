"""Conditions under which a pipeline is to fail, and what measurements decide of them."""
