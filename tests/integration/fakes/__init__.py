"""Frameworks that exist for tests: one that works, and one for each way of going wrong.

Where the way is a trainer's, it goes wrong with seed 0, so that a job with seed 1 tells whether the
runner is whole after it.
"""
