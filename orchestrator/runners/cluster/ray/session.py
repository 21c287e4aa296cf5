"""The orchestrator's end of the process that speaks to Ray."""

import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from orchestrator.errors import BadInput, RunnerUnavailable
from orchestrator.language.phrases import Phrase, Sentence, english, say
from orchestrator.runners.apart import start
from orchestrator.settings.keeping import Condition

_DRIVER = "orchestrator.runners.cluster.ray.driver"
_MISSING = Phrase(
    "{cluster} needs Ray, which is not installed: {python} -m pip install 'twinrun[ray]'"
)
_NO_CLUSTER = Phrase("{cluster}: there is no cluster of Ray that can be used: {why}")
_REFUSED = Phrase(
    "{cluster}: there is no cluster of Ray that can be used: {why}\n"
    "If there is one, and it was started with RAY_AUTH_MODE=token, set that here too, and have its "
    "token in ~/.ray/auth_token."
)
_LOST = Phrase("the process that speaks to Ray ended: {last}")
_WAITING = Phrase("waiting for Ray's nodes, whose CPUs may be in use: {nodes}; at most {seconds} s")
_NO_PYTHON = Phrase(
    "there is no {paths}: run 'make setup' there, or name the folder with the environments by "
    "TWINRUN_ENVIRONMENTS"
)
_ENDED = Phrase("its {runner} runner ended during its start; its last lines, from {log}:\n{last}")
_HELD = Phrase("a runner of an earlier command still holds {path} there; end it")
_NOT_STARTED = Phrase("runners cannot be started there: {why}")
_NO_GPU = Phrase(
    "Ray did not say which of its GPUs these runners have: CUDA_VISIBLE_DEVICES is {found!r} there"
)
_BUSY = Phrase("its CPUs or GPUs are in use by other work of Ray, and a block is alone")
_ACTOR = Phrase("Ray lost it: {why}")
_DIED = Phrase(
    "its {runner} runner has ended with code {code}; its last lines, from {log}:\n{last}"
)
_LOOK_SECONDS = 0.2
_ANSWER_SECONDS = 5.0
_END_SECONDS = 40.0  # longer than the other end takes
_READY_SECONDS = 300
_LOG_LINES = 5


class Kept:
    """A node's runners, as `keeping.Keeper`; ``gone``: why they are not there any more.

    ``machine``, ``niceness``: as of `keeping.Condition`.
    """

    def __init__(self, session: "Session", node: str) -> None:
        self.gone: Sentence | None = None
        self.machine, self.niceness = "", 0
        self._session, self._node = session, node
        self._told: list[Callable[[Sentence], None]] = []

    def on_end(self, ended: Callable[[Sentence], None]) -> None:
        """Call ``ended`` from another thread once they are gone; at once if they are."""
        self._told.append(ended)
        if self.gone is not None:
            ended(self.gone)

    def begin(self) -> None:
        """Begin to measure."""
        self._session.cores(self._node)

    def condition(self) -> Condition:
        """Return what was so since then."""
        return Condition(self._session.cores(self._node), self.niceness, self.machine)

    def end(self, why: Sentence) -> None:
        """Record that they are gone, and tell."""
        self.gone = why
        for told in list(self._told):
            told(why)


class Session:
    """Nodes of the cluster at ``address``, as long as this is not closed.

    ``shown``: the address as the user gave it, with its flag; ``tell`` receives what is waited
    for. ``by_gpu``: each GPU of a node is one of the nodes that are given.
    """

    def __init__(
        self, address: str, shown: str, tell: Callable[[str], None], *, by_gpu: bool = False
    ) -> None:
        self._shown, self._tell = shown, tell
        self._kept: dict[str, Kept] = {}
        self._answers: dict[int, SimpleQueue[float | None]] = {}
        self._numbers = itertools.count(1)
        self._news: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        self._joined: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        self._closing = False
        self._log = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - closed by `close`
        commands, self._commands = os.pipe()
        self._from, answers = os.pipe()
        # RAY_ADDRESS would take precedence over what is asked for here.
        env = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", _DRIVER, address, "gpu" if by_gpu else "machine"],
            env={**env, "RAY_USAGE_STATS_ENABLED": "0"},
            stdin=commands,
            stdout=answers,
            stderr=self._log,
            start_new_session=True,  # Ctrl-C is this end's
        )
        os.close(commands)
        os.close(answers)
        start(self._read)

    def close(self) -> None:
        """End all runners; return when the process has ended."""
        self._closing = True
        os.close(self._commands)
        try:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_SECONDS)
        finally:
            self._process.kill()
            self._process.wait()
            self._log.close()

    def nodes(self) -> Sequence[Mapping[str, Any]]:
        """Return the nodes; those with a ``fault`` cannot be used.

        Raises BadInput if Ray is not installed, RunnerUnavailable if there is no such cluster.
        """
        while True:
            news = self._next()
            if "nodes" in news:
                found: Sequence[Mapping[str, Any]] = news["nodes"]
                return found
            names = {"nodes": ", ".join(news["waiting"]), "seconds": _READY_SECONDS}
            self._tell(say(_WAITING, **names))

    def start(self, orders: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
        """Start runners, by node; return what came of each order, as `node.Node.start`.

        Raises RunnerUnavailable if the process has ended.
        """
        try:
            for node, order in orders.items():
                self._send({"do": "start", "node": node, "order": order})
        except BrokenPipeError:
            raise RunnerUnavailable(self._lost()) from None
        found = dict[str, Mapping[str, Any]]()
        while len(found) < len(orders):
            news = self._next()
            if "started" in news:
                found[news["node"]] = news["started"]
        return found

    def joined(self) -> Iterator[Mapping[str, Any]]:
        """Yield the nodes that come later, as `nodes`, until this is closed.

        Not in the main thread. Nothing else may `start` runners meanwhile.
        """
        while (node := self._joined.get()) is not None:
            yield node

    def keep(self, node: str) -> Kept:
        """Return what knows of the runners of a node."""
        return self._kept.setdefault(node, Kept(self, node))

    def cores(self, node: str) -> float | None:
        """Return how many CPUs Ray's processes took there since the last call. None: not known.

        Not for the main thread.
        """
        number = next(self._numbers)
        answer = self._answers[number] = SimpleQueue()
        try:
            self._send({"do": "cores", "node": node, "id": number})
            return answer.get(timeout=_ANSWER_SECONDS)
        except (Empty, OSError, ValueError):  # it is dying, and that is told elsewhere
            return None
        finally:
            del self._answers[number]

    def _send(self, message: Mapping[str, object]) -> None:
        if self._closing:  # its end of the pipe may be another file by now
            raise BrokenPipeError
        os.write(self._commands, json.dumps(message).encode() + b"\n")

    def _next(self) -> dict[str, Any]:
        """Wait for news. Raises if there will be none."""
        while True:
            with suppress(Empty):
                news = self._news.get(timeout=_LOOK_SECONDS)
                break
        if news is None:
            raise RunnerUnavailable(self._lost())
        match news.get("fault"):
            case None:
                return news
            case "missing":
                raise BadInput(english(_MISSING, cluster=self._shown, python=sys.executable))
            case kind:
                said = _REFUSED if kind == "refused" else _NO_CLUSTER
                names = {"cluster": self._shown, "why": news["why"]}
                raise RunnerUnavailable(english(said, **names))

    def _read(self) -> None:
        with os.fdopen(self._from, encoding="utf-8") as lines:
            for line in lines:
                self._take(json.loads(line))
        self._news.put(None)
        self._joined.put(None)
        if not self._closing:
            for kept in list(self._kept.values()):
                kept.end(self._lost())

    def _take(self, news: dict[str, Any]) -> None:
        if "answer" in news:
            if (answer := self._answers.get(news["answer"])) is not None:
                answer.put(news["cores"])
        elif "joined" in news:
            self._joined.put(news["joined"])
        elif "ended" not in news:
            self._news.put(news)
        elif news["ended"] and not self._closing:
            self.keep(news["node"]).end(fault(news["ended"]))

    def _lost(self) -> Sentence:
        last = list[str]()
        with suppress(ValueError):  # this was closed meanwhile
            self._log.seek(0)
            last = self._log.read().splitlines()[-_LOG_LINES:]
        return english(_LOST, last="\n".join(last))


def fault(found: Mapping[str, Any]) -> Sentence:
    """Say why a node cannot be used, or no more."""
    match found.get("fault"):
        case None:
            names = {name: found[name] for name in ("runner", "code", "log", "last")}
            return english(_DIED, **names)
        case "no_python":
            return english(_NO_PYTHON, paths=", ".join(found["paths"]))
        case "ended":
            names = {name: found[name] for name in ("runner", "log", "last")}
            return english(_ENDED, **names)
        case "held":
            return english(_HELD, path=found["path"])
        case "failed":
            return english(_NOT_STARTED, why=found["why"])
        case "no_gpu":
            return english(_NO_GPU, found=found["found"])
        case "busy":
            return english(_BUSY)
        case "actor":
            return english(_ACTOR, why=found["why"])
        case other:
            raise AssertionError(other)
