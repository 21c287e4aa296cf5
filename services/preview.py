"""What becomes of training images before a step sees them, for a person to look at."""

import math
from collections.abc import Iterator

from services.events import ImagesPreviewed
from services.pipe import Task
from services.spec import JobSpec, Recipe, Violation
from services.trial import Emit, MakeTrainer
from services.workload import catalog, datasets
from services.workload import weights as parameters

_MOST = 100_000  # numbers of images in one event, which is to fit into a message of 4 MiB


def violations(spec: JobSpec) -> Iterator[Violation]:
    """More images than a preview holds."""
    info = catalog.info(spec.dataset)
    most = _MOST // math.prod(info.shape)
    if info.train_samples > most:
        yield Violation(
            "dataset.train_limit",
            f"leaves {info.train_samples:,} images of {math.prod(info.shape):,} numbers; a preview "
            f"shows at most {most:,} of them",
        )


def run(task: Task, make_trainer: MakeTrainer, emit: Emit) -> None:
    """Raises as `services.trial.run`."""
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
