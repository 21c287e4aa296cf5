"""A grid of comparisons: what is asked, what runs next, and what follows from it."""
