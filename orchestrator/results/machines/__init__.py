"""Several machines: ratios over them, and what each came to."""
