"""Each kind of layer in plain NumPy, float64: a module for each, forward and backward."""

from services.model.kinds import modules

KINDS = modules(__name__)
