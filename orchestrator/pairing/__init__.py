"""Which part of one side's model is which part of the other's, where they part, and why."""
