"""GlobalMaxPool2d: the largest value of each channel of an image."""

from services.model.layers.plain import no_multiplications, no_parameters
from services.model.layers.pools import global_average_pool2d

output_shape = global_average_pool2d.output_shape
parameters = no_parameters
multiplications = no_multiplications
