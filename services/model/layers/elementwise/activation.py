"""Activation: a function of each value; softmax is one of those along the last axis."""

from services.model.layers.plain import no_multiplications, no_parameters, same_shape

output_shape = same_shape
parameters = no_parameters
multiplications = no_multiplications
