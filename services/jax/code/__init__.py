"""A model of the user's own code in Flax NNX: its masks, its canonical arrays, one traced step."""
