"""Train with Keras on one backend, in a process of its own, and print what was found as JSON.

Keras chooses its backend once in a process, and that of tests/frameworks has another already.
"""

import importlib
import json
import os
import sys
from dataclasses import replace

import keras
import numpy as np
from twinrun.contract.enums import Execution

from services.errors import Unsupported
from services.frameworks import FRAMEWORKS
from services.keras import choice
from tests.frameworks import jobs
from tests.frameworks.keras_jobs import CONVOLUTIONS, DECAYS, MATCHED, USUAL


def trained(module, job, warm=False):
    """The losses of chunks and the test logits; ``warm``: after a warm-up that must change none."""
    given = jobs.weights(job) if job.matched_initial_values else None
    trainer = module.Trainer(job, jobs.data(job.precision), given)
    begun = trainer.weights()
    if warm:
        trainer.warm_up()
    kept = all((values == begun[name]).all() for name, values in trainer.weights().items())
    losses = [s.losses.tolist() for epoch in range(job.epochs) for s in trainer.train_epoch(epoch)]
    return {
        "kept": kept and begun.keys() == trainer.weights().keys(),
        "moved": any((values != begun[n]).any() for n, values in trainer.weights().items()),
        "losses": [loss for chunk in losses for loss in chunk],
        "logits": trainer.evaluate().tolist(),
        "dtype": str(trainer.evaluate().dtype),
        "begun": float(sum(np.abs(values).sum() for values in begun.values())),
        "threads": trainer.environment().threads,
        "notes": trainer.environment().precision_notes,
        "framework": trainer.environment().framework,
    }


def refusal(call):
    try:
        call()
    except (ImportError, Unsupported) as error:
        return str(error)
    return ""


def main(name):
    module = importlib.import_module(FRAMEWORKS[name].module)
    settings = keras.config
    chosen = {
        "backend": settings.backend(),
        "floatx": settings.floatx(),
        "epsilon": settings.epsilon(),
        "layout": settings.image_data_format(),
        "most": [settings.max_epochs(), settings.max_steps_per_epoch()],
    }
    found = {
        "chosen": chosen,
        "matched": trained(module, MATCHED, warm=True),
        "own": trained(module, replace(USUAL, epochs=1), warm=True),
        "again": trained(module, replace(USUAL, epochs=1), warm=True),
        "convolutions": trained(module, CONVOLUTIONS),
        **{name: trained(module, job) for name, job in DECAYS.items()},
        "summary": module.summarize(USUAL).parameter_count,
    }
    settings.backend = lambda: "another"  # as where it was imported before
    found["refused"] = refusal(lambda: choice.confirm(chosen["backend"]))
    found["memory"] = {name: v for name, v in os.environ.items() if name.startswith("XLA_")}
    os.environ["CXX"] = "no-compiler"
    compiled = replace(USUAL, execution=Execution.COMPILED)
    found["compiler"] = refusal(lambda: module.Trainer(compiled, jobs.data(), None))
    found["code"] = refusal(lambda: module.trace(USUAL))
    print(json.dumps(found))  # noqa: T201 - what the test reads


if __name__ == "__main__":
    main(sys.argv[1])
