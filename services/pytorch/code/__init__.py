"""A model in the user's own code: controlled, read by canonical names, traced."""
