"""What readers of the same samples make of them, and why it differs."""
