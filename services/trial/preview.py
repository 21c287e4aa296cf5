"""How training images look before a step gets them, for people."""

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.enums import TargetKind
from twinrun.contract.events import ImagesPreviewed
from twinrun.contract.losses import targets

from services.data import datasets
from services.pipe import Task
from services.trial import files
from services.trial.initial import initial_weights
from services.trial.run import Emit, MakeTrainer


def run(task: Task, make_trainer: MakeTrainer, emit: Emit) -> None:
    """Report the images. Raises as `services.trial.run.run`."""
    spec = task.spec
    loaded = files.laid(task, datasets.load(spec, task.data_dir, emit))
    trainer = make_trainer(spec, loaded.data, initial_weights(task))
    augmented, read = trainer.augmented()
    originals, kind = loaded.data.train_images, targets(spec.loss)
    emit(
        ImagesPreviewed(
            shape=originals.shape,
            originals=tuple(originals.ravel().tolist()),
            augmented=tuple(augmented.ravel().tolist()),
            labels=_numbers(loaded.data.train_labels, kind),
            read_labels=_numbers(read, kind),
        )
    )


def _numbers(labels: NDArray[np.generic], kind: TargetKind) -> tuple[int, ...]:
    """Return the classes, or one flag of each; nothing for targets that are neither."""
    is_class = kind is TargetKind.CLASS or (kind is TargetKind.FLAGS and labels.shape[1:] == (1,))
    return tuple(labels.ravel().astype(int).tolist()) if is_class else ()
