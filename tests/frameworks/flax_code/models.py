"""Small Flax models as users write them, each the text of a file with a function `build`."""

import itertools
from dataclasses import replace

from twinrun.contract.code import Code, CodeSource, CodeTensor

from services.trial.code import _imported
from tests.frameworks import code_models, jobs

HEAD = "import jax\nimport jax.numpy as jnp\nfrom flax import nnx\n\n\n"
NET = (
    HEAD
    + """class Net(nnx.Module):
    def __init__(self, rngs):
{init}

    def __call__(self, x{parameters}):
        {call}


def build(rngs=nnx.Rngs(0)):
    return Net(rngs)
"""
)
OUT = "self.out = nnx.Linear(72, 5, rngs=rngs)"
_numbers = itertools.count()


def net(init=OUT, call="return self.out(x.reshape(len(x), -1))", parameters=""):
    """Return the text of a model of images 6x6x2 with five classes."""
    indented = "\n".join(f"        {line}" for line in init.splitlines())
    return NET.format(init=indented, call=call, parameters=parameters)


def written(folder, text):
    """Write the file, and return what imports it and builds its model."""
    path = folder / "users-code" / "jax" / f"net_{next(_numbers)}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return lambda: _imported(path).build()


def job(*, without_dropout=False, source=None, **changes):
    """Return two epochs of two batches and a short one; ``source``: fields of CodeSource."""
    code = Code(jax=CodeSource("net.py", **(source or {})), without_dropout=without_dropout)
    given = {"layers": (), "code": code, "epochs": 2, "batch_size": 16, "report_every_steps": 2}
    return jobs.spec(**{**given, **changes})


def traced(framework, folder, text, spec=None, **given):
    """Return the trace of a model's text."""
    data, spec = code_models.data(), spec or job()
    batch = slice(spec.batch_size)
    images, labels = data.train_images[batch], data.train_labels[batch]
    return framework.trace(spec, images, labels, written(folder, text), None, **given)


def trained(framework, folder, text, spec=None):
    """Return the trainer of a model's text, with its own initial values, and the losses."""
    spec = spec or job()
    found = traced(framework, folder, text, spec)
    tensors = tuple(
        CodeTensor(each.key, each.shape, each.trained, jax=each.key)
        for each in found.model.tensors
        if not each.tied_to
    )
    spec = replace(spec, code=replace(spec.code, tensors=tensors))
    trainer = framework.Trainer(spec, code_models.data(), None, written(folder, text))
    chunks = [chunk for epoch in spec.epoch_numbers for chunk in trainer.train_epoch(epoch)]
    return trainer, [loss for chunk in chunks for loss in chunk.losses]
