"""GlobalMaxPool1d: the largest value over the positions of a sequence."""

from services.model.layers.plain import no_multiplications, no_parameters
from services.model.layers.pools import global_average_pool1d

output_shape = global_average_pool1d.output_shape
parameters = no_parameters
multiplications = no_multiplications
