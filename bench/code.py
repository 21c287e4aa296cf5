"""The trainer of a framework with a model in the user's own code."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType

from twinrun.contract.code import Code, CodeSource, CodeTensor
from twinrun.contract.spec import JobSpec

from bench.interleave import Variant
from services.data.arrays import Data
from services.model import losses


def matched(
    framework: ModuleType, job: JobSpec, data: Data, build: Callable[[], object]
) -> Variant:
    """Return the trainer of what ``build`` makes, whose arrays are paired with themselves."""
    name = framework.__name__.rpartition(".")[2]
    code = Code(**{name: CodeSource("net.py")})  # type: ignore[arg-type]
    job = replace(job, layers=(), code=code)
    few = data.train_images[:8], losses.for_trainer(job.loss, data.train_labels[:8])
    found = framework.trace(job, *few, build, None)
    tensors = [
        CodeTensor(each.key, each.shape, each.trained, **{name: each.key})
        for each in found.model.tensors
    ]
    job = replace(job, code=replace(code, tensors=tuple(tensors)))
    initial = {each.name: found.arrays[f"initial/{each.name}"] for each in tensors}
    trainer = framework.Trainer(job, data, initial, build)
    trainer.warm_up()
    epochs = itertools.count()
    return Variant(lambda: list(trainer.train_epoch(next(epochs))))
