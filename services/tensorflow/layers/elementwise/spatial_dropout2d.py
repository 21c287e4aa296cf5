"""SpatialDropout2d: in training, channels become 0 as drawn by NumPy."""

from services.tensorflow.layers.elementwise import dropout

computed = dropout.computed  # whose mask has one row and one column
