"""The values that a job's parameters start from."""

from twinrun.contract.data_dir import BLOBS
from twinrun.contract.enums import OwnWay, Recipe

from services.data import catalog
from services.data.blobs import Blobs
from services.model import shapes
from services.model import weights as parameters
from services.pipe import Task


def initial_weights(task: Task) -> parameters.Weights | None:
    """Return the values to start from; None: the model's own.

    Raises BadWeights, DataUnavailable.
    """
    spec = task.spec
    shape = catalog.info(spec.dataset).shape
    arrays = shapes.held(spec, shape)
    if task.weights is not None:
        return parameters.from_safetensors(task.weights.read_bytes(), arrays, spec.precision)
    alike = spec.recipe is Recipe.MATCHED or spec.matched_initial_values
    if not alike or {OwnWay.INITIAL_WEIGHTS, OwnWay.INITIALIZERS} & {*spec.own_ways}:
        return None
    if spec.code is None:
        initial = parameters.initial(spec.layers, shape, spec.seed, spec.precision)
    elif spec.code.initial is None:
        return None
    else:
        stored = spec.code.initial
        content = Blobs(task.data_dir / BLOBS).use(stored.sha256, stored.size_bytes).read_bytes()
        initial = parameters.from_safetensors(content, arrays, spec.precision)
    draw = spec.perturb_initial_weights
    return parameters.perturbed(initial, spec.seed, draw) if draw else initial
