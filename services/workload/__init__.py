"""What both frameworks share, in NumPy alone: data, batch order, initial values, metrics."""
