"""Dropout: sets values to 0 in training; `services.model.dropout` draws which."""

from services.model.layers.plain import no_multiplications, no_parameters, same_shape

output_shape = same_shape
parameters = no_parameters
multiplications = no_multiplications
