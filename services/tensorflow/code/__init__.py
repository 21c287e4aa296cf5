"""A model of the user's own code in Keras: its masks, its canonical arrays, one traced step."""
