"""Part ``numbers``: the same job in float64, on the CPU and on the GPU, in every framework.

Each framework's own process writes what came out, and `bench.gpu` compares.
"""

import importlib
import itertools
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.enums import Device, Execution, Precision
from twinrun.contract.spec import JobSpec

from bench.gpu.part import Table, options, save, workload
from orchestrator.settings import workloads
from services.data import catalog, datasets
from services.frameworks import FRAMEWORKS
from services.model import weights

STEPS = 50
EXACT = 1e-12  # of the losses, as in a workload's tolerance


def outcomes(framework: str, job: JobSpec, data_dir: Path) -> dict[str, NDArray[np.floating]]:
    """Train STEPS steps in float64; return losses, logits, and all weights in one array."""
    trainer_of = importlib.import_module(FRAMEWORKS[framework].module).Trainer
    data = datasets.load(job, data_dir, progress=lambda _: None).data
    initial = weights.initial(job.layers, catalog.info(job.dataset).shape, job.seed, job.precision)
    trainer = trainer_of(job, data, initial)
    trainer.warm_up()
    steps = list(trainer.train_epoch(0))
    return {
        "losses": np.concatenate([each.losses for each in steps]),
        "logits": trainer.evaluate(),
        "weights": np.concatenate([array.ravel() for array in trainer.weights().values()]),
    }


def main() -> int:
    chosen = options()
    chosen.output.mkdir(parents=True, exist_ok=True)
    (framework,) = chosen.frameworks
    failed = {}
    for name, execution in itertools.product(
        workloads.names(), (Execution.DEFAULT, Execution.COMPILED)
    ):
        if execution is Execution.COMPILED and name not in ("mnist-mlp", "fashion-cnn"):
            continue  # compiling takes most of the time
        job = workload(
            *(name, chosen, STEPS * 64),
            precision=Precision.FLOAT64,
            epochs=1,
            steps_per_epoch_limit=STEPS,
            report_every_steps=25,
            execution=execution,
        )
        devices = {Device.CPU, chosen.device} if execution is Execution.DEFAULT else {chosen.device}
        for device in sorted(devices, reverse=True):  # TensorFlow sets up a GPU first or never
            key = f"{name}, {execution}, {device}"
            began = time.perf_counter()
            try:
                made = outcomes(framework, replace(job, device=device), chosen.data_dir)
            except Exception as error:  # noqa: BLE001 - the others are to be known too
                failed[key] = f"{type(error).__name__}: {error}"[:300]
                print(framework, key, "FAILED", failed[key], flush=True)
                continue
            np.savez(chosen.output / f"{framework}, {key}.npz", **made)
            print(framework, key, f"{time.perf_counter() - began:.1f} s", flush=True)
    failures = Table(f"{framework}: jobs that failed", ["job", "error"], list(failed.items()))
    save(chosen, *([failures] if failed else []))
    return int(bool(failed))


def compared(folder: Path) -> Table:
    """Return the differences between every two outcomes of one workload below ``folder``."""
    made = {tuple(path.stem.split(", ")): dict(np.load(path)) for path in folder.rglob("*.npz")}
    table = Table(
        f"Float64, {STEPS} steps: largest difference, relative to the largest value",
        ["workload", "one", "other", "losses", "weights", "logits", "within 1e-12"],
    )
    for one, other in itertools.combinations(sorted(made), 2):
        if one[1] != other[1]:
            continue
        apart = {
            key: np.abs(made[one][key] - made[other][key]).max() / np.abs(made[one][key]).max()
            for key in ("losses", "weights", "logits")
        }
        sides = [
            f"{framework} {execution} {device}" for framework, _, execution, device in (one, other)
        ]
        figures = [f"{apart[key]:.1e}" for key in ("losses", "weights", "logits")]
        table.rows.append([one[1], *sides, *figures, "yes" if apart["losses"] <= EXACT else "NO"])
    return table


if __name__ == "__main__":
    sys.exit(main())
