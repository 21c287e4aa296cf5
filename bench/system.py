"""What the system around the trainers costs: watching, and the whole of `orchestrator compare`.

``python -m bench.system`` in the orchestrator's environment. Runners and runs are thrown away.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import closing
from pathlib import Path

from twinrun.v1 import job_pb2

from orchestrator import config, store
from orchestrator.client import Client
from orchestrator.config import Places
from orchestrator.runners import Runners
from orchestrator.trial import State, fold

ROUNDS = 8
EPOCHS = 10
COMPARES = 3
POLL_SECONDS = 1.0  # how often an unwatched job is asked whether it has ended


def trained_seconds(client: Client, watched: bool) -> float:
    """The train phase of one job, which somebody watches or nobody does."""
    spec = config.job_spec("mnist-mlp", {"epochs": EPOCHS, "threads": 1})
    job_id = client.train(spec, uuid.uuid4().hex).job_id
    if watched:
        events = list(client.watch(job_id))
    else:
        running = {job_pb2.JOB_STATE_PENDING, job_pb2.JOB_STATE_RUNNING}
        while client.job(job_id).state in running:
            time.sleep(POLL_SECONDS)
        events = list(client.watch(job_id))
    trial = fold(client.framework, 1, events)
    if trial.state is not State.SUCCEEDED:
        raise SystemExit(f"the job {job_id} did not succeed: {trial.error}")
    return trial.phases["train"]


def watching(framework: str) -> float:
    """Train seconds of watched jobs over those of unwatched ones: the median of pairs."""
    order = random.Random(0)  # noqa: S311 - not for secrets
    ratios = []
    with tempfile.TemporaryDirectory() as state:
        places = Places(state_home=Path(state))
        with closing(Runners(places, lambda _: None)) as runners:
            client = runners.get(framework)
            trained_seconds(client, watched=True)  # a warm-up
            for _ in range(ROUNDS):
                pair = [True, False]
                order.shuffle(pair)
                seconds = {watched: trained_seconds(client, watched) for watched in pair}
                ratios.append(seconds[True] / seconds[False])
    print(f"{framework}: watched / unwatched: " + ", ".join(f"{r:.3f}" for r in ratios))
    return statistics.median(ratios)


def compare() -> tuple[float, float]:
    """Wall seconds of `orchestrator compare --epochs 5`, and its trials' phases added up."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "XDG_STATE_HOME": f"{home}/state"}
        command = [
            sys.executable,
            "-m",
            "orchestrator",
            "compare",
            "--epochs=5",
            "--quiet",
            "--json",
        ]
        start = time.perf_counter()
        done = subprocess.run(
            [*command, f"--output={home}/runs"], env=environment, check=True, capture_output=True
        )
        wall = time.perf_counter() - start
        assert store.runs(Path(home) / "runs")
    found = json.loads(done.stdout)
    trials = [t for framework in found["frameworks"].values() for t in framework["trials"]]
    return wall, sum(sum(trial["phases"].values()) for trial in trials)


def main() -> None:
    for _ in range(COMPARES):
        wall, phases = compare()
        print(f"compare: {wall:.2f} s, its trials' phases {phases:.2f} s: {wall / phases:.3f}")
    for framework in config.FRAMEWORKS:
        print(f"{framework}: watching costs {100 * (watching(framework) - 1):+.2f} %")


if __name__ == "__main__":
    main()
