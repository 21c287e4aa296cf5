"""Several machines, with a runner for each side: which block runs where."""
