"""Machines by Ray: an actor on each node starts the ordinary runners there, and ends them.

Ray is imported by the module `driver` alone, in a process of its own.
"""
