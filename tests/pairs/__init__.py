"""Models of users' code in pairs: built, traced and trained in one process for each framework."""
