"""The user's own data: read once, checked, and written as one blob for every runner."""
