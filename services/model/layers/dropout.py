"""Dropout: some values become 0 in training; which, `services.model.dropout` draws."""

from services.model.layers.plain import no_multiplications, no_parameters, same_shape

output_shape = same_shape
parameters = no_parameters
multiplications = no_multiplications
