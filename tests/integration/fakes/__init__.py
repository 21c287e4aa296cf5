"""Frameworks that exist for tests: one that works, and one for each way of going wrong."""
