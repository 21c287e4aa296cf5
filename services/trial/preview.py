"""How training images look before a step gets them, for people."""

from twinrun.contract.enums import Recipe
from twinrun.contract.events import ImagesPreviewed

from services.data import catalog, datasets
from services.model import weights as parameters
from services.pipe import Task
from services.trial.run import Emit, MakeTrainer


def run(task: Task, make_trainer: MakeTrainer, emit: Emit) -> None:
    """Report the images. Raises as `services.trial.run.run`."""
    spec = task.spec
    loaded = datasets.load(spec, task.data_dir, emit)
    shape = catalog.info(spec.dataset).shape
    initial: parameters.Weights | None = None  # the trainer's own
    if spec.recipe is Recipe.MATCHED:
        initial = parameters.initial(spec.layers, shape, spec.seed, spec.precision)
    augmented = make_trainer(spec, loaded.data, initial).augmented()
    originals = loaded.data.train_images
    emit(
        ImagesPreviewed(
            shape=originals.shape,
            originals=tuple(originals.ravel().tolist()),
            augmented=tuple(augmented.ravel().tolist()),
            labels=tuple(loaded.data.train_labels.tolist()),
        )
    )
