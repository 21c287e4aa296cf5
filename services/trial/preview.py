"""How training images look before a step gets them, for people."""

from twinrun.contract.events import ImagesPreviewed

from services.data import datasets
from services.pipe import Task
from services.trial.initial import initial_weights
from services.trial.run import Emit, MakeTrainer


def run(task: Task, make_trainer: MakeTrainer, emit: Emit) -> None:
    """Report the images. Raises as `services.trial.run.run`."""
    spec = task.spec
    loaded = datasets.load(spec, task.data_dir, emit)
    trainer = make_trainer(spec, loaded.data, initial_weights(task))
    augmented = trainer.augmented()
    originals = loaded.data.train_images
    emit(
        ImagesPreviewed(
            shape=originals.shape,
            originals=tuple(originals.ravel().tolist()),
            augmented=tuple(augmented.ravel().tolist()),
            labels=tuple(loaded.data.train_labels.tolist()),
        )
    )
