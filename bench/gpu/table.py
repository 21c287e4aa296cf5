"""Part ``table``: microseconds of a step, matched and bare, of an MLP and a CNN."""

import argparse
import importlib
import itertools
import random
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from twinrun.contract.enums import Device, Execution, OwnWay, Precision
from twinrun.contract.spec import JobSpec

from bench import workload as bare
from bench.gpu.part import Table, options, save, workload
from bench.interleave import Variant
from services.data import catalog, datasets
from services.data.arrays import Data
from services.frameworks import FRAMEWORKS
from services.model import weights

NETWORKS = {"mlp": "mnist-mlp", "cnn": "mnist-cnn"}
PRECISIONS = {
    "float32": {},
    "tf32": {"allow_tf32": True},
    "bfloat16": {"precision": Precision.BFLOAT16},
}


def matched(framework: str, job: JobSpec, data: Data) -> Variant:
    trainer_of = importlib.import_module(FRAMEWORKS[framework].module).Trainer
    shape = catalog.info(job.dataset).shape
    trainer = trainer_of(job, data, weights.initial(job.layers, shape, job.seed, job.precision))
    trainer.warm_up()
    epochs = itertools.count()
    return Variant(lambda: list(trainer.train_epoch(next(epochs))))


def jobs(job: JobSpec, framework: str) -> dict[str, JobSpec]:
    found = {
        "matched, default": job,
        "matched, compiled": replace(job, execution=Execution.COMPILED),
    }
    if framework == "pytorch" and job.device is Device.CUDA:
        found["matched, captured alone"] = replace(job, own_ways=(OwnWay.CUDA_GRAPH,))
    return found


class Timings:
    """Variants of one framework and network, timed in turns."""

    def __init__(self, title: str) -> None:
        self._table = Table(
            f"{title}: microseconds of a step",
            ["variant", "median", "least", "most", "seconds to prepare"],
        )
        self._made: dict[str, Variant] = {}
        self._prepared: dict[str, float] = {}

    def prepare(self, name: str, make: Callable[[], dict[str, Variant]]) -> None:
        """Make variants, and run each once. One that fails is a row of the table."""
        began = time.perf_counter()
        try:
            made = make()
            for variant in made.values():
                variant.run()
        except Exception as error:  # noqa: BLE001 - the others are to be known too
            self._row(name, "failed", f"{type(error).__name__}: {error}"[:300], "", "")
            return
        self._made |= made
        self._prepared |= dict.fromkeys(made, time.perf_counter() - began)

    def measure(self, rounds: int, steps: int) -> Table:
        """Time each variant once a round, in an order drawn afresh; ``steps`` are of an epoch."""
        order = random.Random(0)  # noqa: S311 - not for secrets
        for _ in range(rounds):
            names = list(self._made)
            order.shuffle(names)
            for name in names:
                began = time.perf_counter()
                self._made[name].run()
                self._made[name].seconds.append(time.perf_counter() - began)
        for name, variant in self._made.items():
            times = sorted(1e6 * seconds / steps for seconds in variant.seconds)
            figures = (times[len(times) // 2], times[0], times[-1])
            self._row(name, *(f"{each:.0f}" for each in figures), f"{self._prepared[name]:.1f}")
        return self._table

    def _row(self, *cells: str) -> None:
        self._table.rows.append(cells)
        print(self._table.title, cells, flush=True)


def measured(framework: str, network: str, how: str, chosen: argparse.Namespace) -> Table:
    job = workload(NETWORKS[network], chosen, chosen.samples, **PRECISIONS[how])
    data = datasets.load(job, chosen.data_dir, progress=lambda _: None).data
    timings = Timings(f"{framework}, {network}, {how}")
    for name, each in jobs(job, framework).items():
        timings.prepare(name, lambda name=name, each=each: {name: matched(framework, each, data)})
    if how == "float32":
        loops = f"bench.gpu.loops.{framework}"  # a row says where it is not there
        timings.prepare(
            "bare",
            lambda: importlib.import_module(loops).variants(data, network, str(chosen.device)),
        )
    return timings.measure(chosen.rounds, -(-len(data.train_labels) // bare.BATCH))


def main() -> int:
    chosen = options()
    (framework,) = chosen.frameworks
    how = chosen.how or "float32"
    tables = []
    for network in NETWORKS if how == "float32" else ("cnn",):
        tables.append(measured(framework, network, how, chosen))
        save(chosen, *tables)
    return 0


if __name__ == "__main__":
    sys.exit(main())
