"""Each kind of layer in plain NumPy, float64, forward and backward: a module for each."""

from services.model.kinds import modules

KINDS = modules(__name__)
