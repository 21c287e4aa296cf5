"""AveragePool2d: the mean of each channel over each window of an image."""

from services.model.layers.plain import no_multiplications, no_parameters
from services.model.layers.pools import max_pool2d

output_shape = max_pool2d.output_shape
parameters = no_parameters
multiplications = no_multiplications
