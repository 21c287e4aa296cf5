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

from orchestrator import config
from orchestrator.client import Client
from orchestrator.config import Places
from orchestrator.fold import fold
from orchestrator.runners import Runners
from orchestrator.trial import State

ROUNDS = 6
EPOCHS = 8
COMPARES = 3
POLL_SECONDS = 1.0  # how often an unwatched job is asked whether it has ended


def cpu_seconds(pid: int | str = "self") -> float:
    """CPU time that a process has used, children excluded (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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


def watching(framework: str) -> tuple[float, float]:
    """What watching costs, as parts of the train seconds.

    Wall: by the median of pairs, a watched job's seconds over an unwatched one's. CPU: what runner
    and watcher use more of it where somebody watches, which other load does not blur.
    """
    order = random.Random(0)  # noqa: S311 - not for secrets
    ratios: list[float] = []
    cpu: dict[bool, list[float]] = {True: [], False: []}
    with tempfile.TemporaryDirectory() as state:
        places = Places(state_home=Path(state))
        with closing(Runners(places, lambda _: None)) as runners:
            client = runners.get(framework)
            trained_seconds(client, watched=True)  # a warm-up
            pid = runners.process_id(framework)
            for _ in range(ROUNDS):
                pair = [True, False]
                order.shuffle(pair)
                seconds = {}
                for watched in pair:
                    before = cpu_seconds() + cpu_seconds(pid)
                    seconds[watched] = trained_seconds(client, watched)
                    used = cpu_seconds() + cpu_seconds(pid) - before
                    cpu[watched].append(used / seconds[watched])
                ratios.append(seconds[True] / seconds[False])
    print(f"{framework}: watched / unwatched: " + ", ".join(f"{r:.3f}" for r in ratios))
    wall = statistics.median(ratios) - 1
    return wall, statistics.median(cpu[True]) - statistics.median(cpu[False])


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
    found = json.loads(done.stdout)
    trials = [t for framework in found["frameworks"].values() for t in framework["trials"]]
    return wall, sum(sum(trial["phases"].values()) for trial in trials)


def main() -> None:
    for _ in range(COMPARES):
        wall, phases = compare()
        print(f"compare: {wall:.2f} s, its trials' phases {phases:.2f} s: {wall / phases:.3f}")
    for framework in config.FRAMEWORKS:
        wall, cpu = watching(framework)
        print(f"{framework}: watching costs {wall:+.2%} of the time, {cpu:+.2%} of a CPU")


if __name__ == "__main__":
    main()
