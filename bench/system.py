"""The cost of the system around the trainers: watching, and the whole of `orchestrator compare`.

``python -m bench.system`` in the orchestrator's environment. Runners and runs are deleted.
"""

import contextlib
import http.client
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import IO

from twinrun.contract.enums import JobState
from twinrun.v1 import job_pb2

from orchestrator.runners.client import Client
from orchestrator.runners.finding import Runners
from orchestrator.settings import config
from orchestrator.settings.config import Places
from orchestrator.trials.fold import fold

ROUNDS = 6
EPOCHS = 8
COMPARES = 3
SETTLE_SECONDS = 2.0
POLL_SECONDS = 1.0  # how often an unwatched job is asked whether it has ended


def cpu_seconds(pid: int | str = "self") -> float:
    """Return the CPU time of a process, excluding children (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def trained_seconds(client: Client, watched: bool) -> float:
    """Return the train phase of one job, with or without a client that watches."""
    spec = client.validate(config.job_spec("mnist-mlp", {"epochs": EPOCHS, "threads": 1}))
    job_id = client.train(spec, uuid.uuid4().hex).job_id
    if watched:
        events = list(client.watch(job_id))
    else:
        running = {job_pb2.JOB_STATE_PENDING, job_pb2.JOB_STATE_RUNNING}
        while client.job(job_id).state in running:
            time.sleep(POLL_SECONDS)
        events = list(client.watch(job_id))
    trial = fold(client.framework, 1, events)
    if trial.state is not JobState.SUCCEEDED:
        raise SystemExit(f"the job {job_id} did not succeed: {trial.error}")
    return trial.phases["train"]


@contextmanager
def page(client: Client) -> Iterator[int]:
    """Run `orchestrator live` with one page open on it; yield its process id."""
    command = [sys.executable, "-m", "orchestrator", "live", "--port=0"]
    process = subprocess.Popen(
        [*command, f"--{client.framework}={client.address}"], stdout=subprocess.PIPE, text=True
    )
    (line,) = itertools.islice(process.stdout or (), 1)
    url = next(word for word in line.split() if word.startswith("http://"))
    stream = urllib.request.urlopen(f"{url}events")  # noqa: S310 - of this machine
    threading.Thread(target=_drain, args=(stream,), daemon=True).start()
    time.sleep(SETTLE_SECONDS)  # it reads the jobs before
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _drain(stream: IO[bytes]) -> None:
    with contextlib.suppress(OSError, http.client.HTTPException), stream:
        while stream.readline():
            pass


def watching(framework: str, by_page: bool = False) -> tuple[float, float]:
    """Return the cost of watching, by a client or the live page, as parts of the train seconds.

    Wall: the median over pairs of a watched job's seconds over an unwatched one's. CPU: how much
    more runner and watchers use if somebody watches, which other load does not blur.
    """
    order = random.Random(0)  # noqa: S311 - not for secrets
    ratios: list[float] = []
    cpu: dict[bool, list[float]] = {True: [], False: []}
    with tempfile.TemporaryDirectory() as state:
        places = Places(state_home=Path(state))
        with closing(Runners(places, lambda _: None)) as runners:
            client = runners.get(framework)
            trained_seconds(client, watched=True)  # a warm-up
            runner = runners.process_id(framework)
            for _ in range(ROUNDS):
                pair = [True, False]
                order.shuffle(pair)
                seconds = {}
                for watched in pair:
                    with page(client) if watched and by_page else nullcontext() as server:
                        used = [cpu_seconds(pid) for pid in ("self", runner, server) if pid]
                        seconds[watched] = trained_seconds(client, watched and not by_page)
                        more = [cpu_seconds(pid) for pid in ("self", runner, server) if pid]
                    cpu[watched].append((sum(more) - sum(used)) / seconds[watched])
                ratios.append(seconds[True] / seconds[False])
    print(f"{framework}: watched / unwatched: " + ", ".join(f"{r:.3f}" for r in ratios))
    wall = statistics.median(ratios) - 1
    return wall, statistics.median(cpu[True]) - statistics.median(cpu[False])


def compare() -> tuple[float, float]:
    """Return wall seconds of `compare --epochs 5`, and the sum of its trials' phases."""
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
        for by_page in (False, True):
            wall, cpu = watching(framework, by_page)
            watcher = "the live page" if by_page else "watching"
            print(f"{framework}: {watcher} costs {wall:+.2%} of the time, {cpu:+.2%} of a CPU")


if __name__ == "__main__":
    main()
