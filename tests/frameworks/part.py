"""One machine's part of a job, as a process: ``python -m tests.frameworks.part FOLDER PLACE``.

FOLDER has the task, and gets what came of it; meanwhile it says that training has begun.
"""

import importlib
import os
import pickle
import sys
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
from twinrun.contract.group import Group
from twinrun.contract.spec import JobSpec

from services.errors import TwinrunError
from services.frameworks import FRAMEWORKS
from services.model.shares import Share
from tests.frameworks import device_faults, jobs
from tests.waiting import eventually

TASK, BEGUN, LET_GO = "task.pickle", "begun", "let go"
HELD = "the first machine waits after a chunk until it is let go"
UNJOINED = "the second machine has begun, and never takes part in an exchange"
OWN_MEAN, MISSED = "each machine's own mean", "a missed update"


@dataclass(frozen=True)
class Part:
    """The job, and the ``addresses`` of its two machines; ``fault``: planted into both."""

    framework: str
    job: JobSpec
    addresses: tuple[str, ...]
    fault: str = ""


def main() -> None:
    folder, place = Path(sys.argv[1]), int(sys.argv[2])
    task: Part = pickle.loads((folder / TASK).read_bytes())
    module = importlib.import_module(FRAMEWORKS[task.framework].module)
    with _planted(task):
        try:
            made = _trained(module, task, place, folder)
        except TwinrunError as error:
            (folder / f"{place}.reason").write_text(error.reason)
            os._exit(1)  # as a trial's process: JAX would wait for the other machine
    np.savez(folder / f"{place}.npz", **made)
    module.leave()


def _trained(module, task: Part, place: int, folder: Path) -> dict:
    job, data = task.job, jobs.data(loss=task.job.loss)
    group = Group(task.addresses, place)
    trainer = module.Trainer(job, data, jobs.weights(job), group=group)
    if task.fault == UNJOINED:
        (folder / f"{place}.{BEGUN}").touch()
        assert place == 0 or eventually((folder / LET_GO).exists)
    if not task.fault:
        trainer.warm_up()
    losses = []
    for epoch in job.epoch_numbers:
        for chunk in trainer.train_epoch(epoch):
            (folder / f"{place}.{BEGUN}").touch()
            losses.append(chunk.losses)
            if task.fault == HELD and place == 0:
                assert eventually((folder / LET_GO).exists)
    made = {f"weights {name}": array for name, array in trainer.weights().items()}
    notes = trainer.environment().precision_notes
    return made | {"losses": np.concatenate(losses), "logits": trainer.evaluate(), "notes": notes}


def _planted(task: Part) -> AbstractContextManager:
    if task.fault == OWN_MEAN:
        return mock.patch.object(Share, "weight", 1 / len(task.addresses))
    if task.fault in ("", HELD, UNJOINED):
        return ExitStack()
    return device_faults.planted(task.fault, task.framework)


if __name__ == "__main__":
    main()
