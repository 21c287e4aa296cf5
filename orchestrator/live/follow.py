"""Follows runners that others have started: finds them, lists their jobs, reads their events."""

import dataclasses
import functools
import itertools
import threading
from collections.abc import Callable, Iterable
from contextlib import closing

from twinrun.v1 import job_pb2

from orchestrator.errors import BadInput, RunnerUnavailable, WrongReport
from orchestrator.frameworks import FRAMEWORKS
from orchestrator.gate.refusal import refusal
from orchestrator.live.runs import LiveRun
from orchestrator.live.state import KEPT_JOBS, Live, Runner, answered, heard, listed
from orchestrator.runners.client import Client
from orchestrator.runners.finding import answering
from orchestrator.settings.config import Places

_LOOK_SECONDS = 2.0  # between searches for a runner
_LIST_SECONDS = 1.0  # between searches for a job
_STOP_SECONDS = 1.0
_ACTIVE = (job_pb2.JOB_STATE_PENDING, job_pb2.JOB_STATE_RUNNING)


class Board:
    """The current live state of the runners of these names. Any thread may read or change it."""

    def __init__(self, names: Iterable[str] = FRAMEWORKS) -> None:
        self.live = Live({name: Runner() for name in names})
        self._changing = threading.Lock()

    def change(self, how: Callable[[Live], Live]) -> None:
        with self._changing:
            self.live = how(self.live)

    def show_run(self, run: LiveRun) -> None:
        self.change(lambda live: dataclasses.replace(live, run=run))


class Follower:
    """Follows the runner of a framework, or a version, in a thread of its own, until `stop`.

    It starts no runner and no job. It reads one job at a time: the running one, else the newest
    unread one. Meanwhile it asks nothing else of the runner, whose machine is timing a trial.
    """

    def __init__(self, framework: str, places: Places, board: Board) -> None:
        self._framework = framework
        self._places = places
        self._board = board
        self._client: Client | None = None
        self._refused = set[str]()  # jobs with impossible reports
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"follow-{framework}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Return when its thread has ended, or hangs on a host that does not answer."""
        self._stopping.set()
        client = self._client
        if client is not None:
            client.close()  # ends a waiting call
        self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._client = answering(self._framework, self._places)
            if self._client is not None:
                with closing(self._client) as client:
                    self._answered(client.address)
                    self._follow_until_gone(client)
            self._answered(None)
            self._stopping.wait(_LOOK_SECONDS)

    def _answered(self, address: str | None) -> None:
        if self._board.live.runners[self._framework].address != address:
            self._board.change(lambda live: answered(live, self._framework, address))

    def _follow_until_gone(self, client: Client) -> None:
        try:
            while not self._stopping.is_set():
                if not self._read_next(client):
                    self._stopping.wait(_LIST_SECONDS)
        except RunnerUnavailable:
            pass
        except ValueError:  # `stop` has closed the channel
            if not self._stopping.is_set():
                raise

    def _read_next(self, client: Client) -> bool:
        """Read a job to its end; False if there is none to read. Raises RunnerUnavailable."""
        newest = list(itertools.islice(client.jobs(KEPT_JOBS), KEPT_JOBS))
        if self._is_new(newest):
            self._board.change(lambda live: listed(live, self._framework, newest))
        job = self._unread(newest)
        if job is None:
            return False
        after = self._board.live.jobs[job.job_id].sequence
        try:
            for event in client.watch(job.job_id, after, reattach_seconds=0):
                self._board.change(functools.partial(heard, job_id=job.job_id, events=[event]))
                if self._stopping.is_set():
                    break
        except BadInput:  # it was removed meanwhile, or has too many watchers
            return False
        except WrongReport as error:
            self._refused.add(job.job_id)
            last = self._board.live.jobs[job.job_id].sequence
            events = [refusal(last + 1, error.message)]
            self._board.change(functools.partial(heard, job_id=job.job_id, events=events))
        return True

    def _is_new(self, found: list[job_pb2.Job]) -> bool:
        ids = {job.job_id for job in found if job.kind == job_pb2.JOB_KIND_TRAIN}
        return ids != self._board.live.runners[self._framework].jobs

    def _unread(self, found: list[job_pb2.Job]) -> job_pb2.Job | None:
        """Return the oldest job of ``found``, newest first, that has not ended, else the newest.

        Only unread jobs count.
        """
        known = self._board.live.jobs
        taken = [job for job in found if job.job_id in known and job.job_id not in self._refused]
        unread = [job for job in taken if job.last_sequence > known[job.job_id].sequence]
        active = [job for job in taken if job.state in _ACTIVE]
        return active[-1] if active else next(iter(unread), None)
