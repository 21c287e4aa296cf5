"""What a trial costs on a node of Ray, and whether the ratio of two sides is the same there.

``python -m bench.beside_ray [ROUNDS]`` in the orchestrator's environment. In turns, in an order
drawn afresh: a trial of each side on local runners with no Ray on the machine, and on the runners
of a node of Ray, which is started for it with the process that speaks to it. Runners are deleted.
"""

import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from scipy import stats
from twinrun.contract.enums import JobState

from orchestrator.actions.cluster.by_ray import RayCluster
from orchestrator.runners.client import Client
from orchestrator.runners.finding import Runners
from orchestrator.settings import config
from orchestrator.settings.config import Places
from orchestrator.trials.fold import fold

SIDES = ("pytorch", "tensorflow")
ROUNDS = 8
EPOCHS = 4
SETTLE_SECONDS = 5.0  # Ray's own start takes CPU for a while
RAY = Path(sys.executable).with_name("ray")


class Quiet:
    """A display that shows nothing."""

    def say(self, text: str) -> None: ...
    def close(self) -> None: ...
    def event(self, *_: object) -> None: ...
    def stage(self, *_: object) -> None: ...


@contextmanager
def without() -> Iterator[Runners]:
    with (
        tempfile.TemporaryDirectory() as state,
        closing(
            Runners(Places(state_home=Path(state), local=True), lambda _: None, False)
        ) as runners,
    ):
        yield runners


@contextmanager
def beside() -> Iterator[Runners]:
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:
        command = [RAY, "start", "--head", "--block", "--port=0", f"--temp-dir={folder}"]
        process = subprocess.Popen(
            [*command, "--include-dashboard=false", "--disable-usage-stats"],
            env={**os.environ, "XDG_STATE_HOME": folder, "RAY_worker_niceness": "0"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            address = Path(folder) / "ray_current_cluster"
            while not address.exists():
                time.sleep(0.1)
            cluster = RayCluster(address.read_text().strip())
            with cluster.opened(SIDES, Quiet()) as (host,):
                if host.fault is not None:
                    raise SystemExit(str(host.fault))
                time.sleep(SETTLE_SECONDS)
                with closing(Runners(host.places, lambda _: None)) as runners:
                    yield runners
        finally:
            process.terminate()
            process.wait()


def trained(client: Client) -> tuple[float, float]:
    """Return the CPU seconds and the wall seconds of a job's train phase."""
    spec = client.validate(config.job_spec("mnist-mlp", {"epochs": EPOCHS, "threads": 1}))
    job_id = client.train(spec, uuid.uuid4().hex).job_id
    trial = fold(client.framework, 1, list(client.watch(job_id)))
    if trial.state is not JobState.SUCCEEDED:
        raise SystemExit(f"the job {job_id} did not succeed: {trial.error}")
    return trial.cpu_seconds["train"], trial.phases["train"]


def interval(ratios: list[float]) -> str:
    """Return the geometric mean and the 95 % t interval of its logarithm."""
    logs = [math.log(ratio) for ratio in ratios]
    half = stats.t.ppf(0.975, len(logs) - 1) * statistics.stdev(logs) / math.sqrt(len(logs))
    middle = statistics.mean(logs)
    return "{:.3f} [{:.3f}, {:.3f}]".format(*(math.exp(middle + x * half) for x in (0, -1, 1)))


def main() -> None:
    order = random.Random(0)  # noqa: S311 - not for secrets
    found: dict[str, list[float]] = {}
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    for number in range(rounds):
        taken: dict[tuple[str, str], tuple[float, float]] = {}
        kinds = [("without", without), ("beside", beside)]
        order.shuffle(kinds)
        for kind, opened in kinds:
            sides = list(SIDES)
            order.shuffle(sides)
            with opened() as runners:
                for side in SIDES:  # once both have imported: no trial beside an import
                    runners.get(side).environment()
                for side in sides:
                    taken[kind, side] = trained(runners.get(side))
        for index, what in enumerate(("CPU", "wall")):
            more = {s: taken["beside", s][index] / taken["without", s][index] for s in SIDES}
            for side, ratio in more.items():
                found.setdefault(f"{side}, {what} seconds", []).append(ratio)
            first, other = SIDES
            found.setdefault(f"ratio of the sides, {what}", []).append(more[first] / more[other])
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    for name, ratios in sorted(found.items()):
        print(f"{name}, beside Ray / without: {interval(ratios)}")


if __name__ == "__main__":
    main()
