"""What each framework does of its own accord, and what it changes."""
