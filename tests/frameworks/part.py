"""One machine's part of a job, as a process: ``python -m tests.frameworks.part FOLDER PLACE``.

FOLDER has the task, and gets the losses and the weights, or the reason why there are none.
"""

import importlib
import pickle
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from twinrun.contract.group import Group
from twinrun.contract.spec import JobSpec

from services.errors import TwinrunError
from services.frameworks import FRAMEWORKS
from tests.frameworks import device_faults, jobs

TASK = "task.pickle"


@dataclass(frozen=True)
class Part:
    """``fault``: planted into all machines, or only the one of this ``place``."""

    framework: str
    job: JobSpec
    addresses: tuple[str, ...]
    fault: str = ""


def main() -> None:
    folder, place = Path(sys.argv[1]), int(sys.argv[2])
    task: Part = pickle.loads((folder / TASK).read_bytes())
    module = importlib.import_module(FRAMEWORKS[task.framework].module)
    job, data = task.job, jobs.data(loss=task.job.loss)
    with device_faults.planted(task.fault, task.framework):
        try:
            group = Group(task.addresses, place)
            trainer = module.Trainer(job, data, jobs.weights(job), group=group)
            trainer.warm_up()
            chunks = [c for epoch in job.epoch_numbers for c in trainer.train_epoch(epoch)]
            found = {"losses": np.concatenate([chunk.losses for chunk in chunks])}
            found |= {f"weights {name}": a for name, a in trainer.weights().items()}
            found["logits"] = trainer.evaluate()
        except TwinrunError as error:
            (folder / f"{place}.reason").write_text(f"{error.reason}: {error}")
            raise
    np.savez(folder / f"{place}.npz", notes=trainer.environment().precision_notes, **found)
    module.leave()


if __name__ == "__main__":
    main()
