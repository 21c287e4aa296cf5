"""The channel to one runner: how its calls fail, and what that means to the user."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

import grpc
from google.protobuf.message import Message
from twinrun.v1 import job_pb2, runner_service_pb2, runner_service_pb2_grpc

from orchestrator.errors import (
    BadInput,
    OrchestratorError,
    Refused,
    RunnerUnavailable,
    TooSlow,
    WrongRunner,
)
from orchestrator.gate import answers
from orchestrator.gate.gates import Gates
from orchestrator.gate.status import details
from orchestrator.language.phrases import Phrase, Sentence, english, say
from orchestrator.runners import secure
from orchestrator.runners.apart import Channel, apart
from orchestrator.settings.trust import Trust

_SAYS = Phrase("The {framework} runner at {address}: {details}")
_NO_ANSWER = Phrase(
    "The {framework} runner at {address} does not answer ({details}). Start it with "
    "'make serve-{framework}' or, in a container, 'make up-{framework}', or omit the "
    "address to have one started."
)
_GONE = Phrase(
    "The {framework} runner at {address}, which was found and not started by this command, has "
    "ended or is out of reach ({details}). Run the command again: it starts a runner if none is "
    "found."
)
_SLOW = Phrase(
    "{framework}: the runner at {address} has not answered for {seconds:g} s, as on an overloaded "
    "machine; waiting on, for at most {most:g} s"
)
_TOO_SLOW = Phrase(
    "The {framework} runner at {address} takes connections but has not answered within "
    "{seconds:g} s: it hangs, or its machine is overloaded."
)
_NO_RUNNER = Phrase("The program at {address} is not a Twinrun runner, or has another version.")
_REFUSES = Phrase("The {framework} runner at {address} refused: {details}")
_FAILED = Phrase("The {framework} runner at {address} failed: {code}: {details}")
_CALL_SECONDS = 60.0  # if nobody listens, this is reported at once
_TRIES = 5  # of a call that is not answered: an overloaded machine is slow
_CANCEL_SECONDS = 5.0
_EXIT_SECONDS = 2.0  # until a process that closed its connections is seen to have ended
_CODES = grpc.StatusCode


class Limit:
    """The time at which a waiting caller must give up. Any thread may set it."""

    def __init__(self) -> None:
        self._at = math.inf

    def set(self, seconds: float) -> None:
        """Set the limit, counted from now; `math.inf`: never."""
        self._at = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds; 0 after the limit."""
        return max(0.0, self._at - time.monotonic())


class Wire:
    """Reaches the runner of ``framework`` at ``address`` (HOST:PORT).

    ``stub`` has its calls; ``gates`` check everything that it sends; ``limit``: for all calls
    together. ``own``: a process that was started here, whose end `ended` reports. ``found``: set if
    it was neither started here nor given. ``tell`` receives what is waited for.
    """

    found = False

    def __init__(
        self,
        framework: str,
        address: str,
        *,
        trust: Trust | None = None,
        own: bool = False,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.framework = framework
        self.address = address
        self.limit = Limit()
        self.gates = Gates(framework, address)
        self._own = own
        self._tell = tell
        self._gone = threading.Event()
        self._why: Sentence | None = None  # it has gone
        self._trust = trust
        self._channel = Channel(secure.channel(address, trust))
        self.stub = runner_service_pb2_grpc.RunnerServiceStub(self._channel)

    @property
    def names(self) -> dict[str, str]:
        """Its names, for a sentence."""
        return {"framework": self.framework, "address": self.address}

    def close(self) -> None:
        self._channel.close()

    def ended(self, why: Sentence) -> None:
        """Record that its runner has ended for good: pending calls end at once, with ``why``."""
        self._why = why
        self._gone.set()
        self._channel.close()

    def pause(self, seconds: float) -> None:
        """Wait this long, or until its runner has ended."""
        apart(lambda: self._gone.wait(seconds))  # which takes a lock

    @property
    def seconds(self) -> float:
        """How long a call may take."""
        return min(_CALL_SECONDS, self.limit.left)

    def call(
        self,
        method: Callable[..., Any],
        request: Message,
        timeout: float | None = None,
        job_id: str = "",
    ) -> Any:
        """Return the answer, checked and cleaned; ``job_id``: the job that it is about.

        ``timeout``: seconds to wait for it. None: as long as an overloaded machine may take; every
        call may be repeated.
        """
        for number in range(1, _TRIES + 1):
            try:
                with self.told():
                    answer = method(request, timeout=min(timeout or _CALL_SECONDS, self.limit.left))
                break
            except grpc.RpcError as error:
                if timeout or not self.waits_on(error, number):
                    self.refuse(error, job_id)
        answers.look(self.gates.origin(job_id), answer)
        return answer

    def waits_on(self, error: Any, number: int) -> bool:
        """Return whether to repeat a call that failed for the ``number``-th time; if so, say it."""
        if error.code() is not _CODES.DEADLINE_EXCEEDED or number == _TRIES or self.limit.left == 0:
            return False
        waited = {"seconds": number * _CALL_SECONDS, "most": _TRIES * _CALL_SECONDS}
        self._tell(say(_SLOW, **self.names, **waited))
        return True

    def job(self, job_id: str) -> job_pb2.Job:
        """Return a job's current state."""
        return self.asked(self.stub.GetJob, runner_service_pb2.GetJobRequest(job_id=job_id))

    def asked(self, method: Callable[..., Any], request: Any) -> job_pb2.Job:
        """Return the job of the request's id."""
        job: job_pb2.Job = self.call(method, request, job_id=request.job_id)
        self.gates.check(job, request.job_id)
        return job

    def give_up(self, job_id: str) -> None:
        """Cancel a job that is no longer trusted, if it was submitted here."""
        if self.gates.is_ours(job_id):
            request = runner_service_pb2.CancelJobRequest(job_id=job_id)
            with suppress(grpc.RpcError):
                self.stub.CancelJob(request, timeout=_CANCEL_SECONDS)

    @contextmanager
    def told(self) -> Iterator[None]:
        """Raise RunnerUnavailable if a failure in the block is due to its runner's end."""
        try:
            yield
        except (grpc.RpcError, ValueError) as error:  # ValueError: of a channel that was closed
            unavailable = isinstance(error, grpc.RpcError) and error.code() is _CODES.UNAVAILABLE
            lost = unavailable and not details(error).reason  # else the runner itself said so
            if self._own and lost:
                self.pause(_EXIT_SECONDS)
            if self._why is not None:
                raise RunnerUnavailable(self._why) from error
            raise

    def refuse(self, error: Any, job_id: str = "") -> NoReturn:
        """Raise the error that a failed call is to the user."""
        failure = details(error)
        if job_id and error.code() is _CODES.RESOURCE_EXHAUSTED and not failure.reason:
            self.give_up(job_id)
            raise self.gates.too_large(job_id, failure.message) from error
        raise self._error(error) from error

    def _error(self, error: Any) -> OrchestratorError:
        """Return the error that a failed call is to the user."""
        code, failure = error.code(), details(error)
        values = {**self.names, "details": failure.message}
        if failure.fields:
            return Refused(failure.fields)
        if code in (_CODES.UNAVAILABLE, _CODES.DEADLINE_EXCEEDED):
            if failure.reason:
                return RunnerUnavailable(english(_SAYS, **values))
            if code is _CODES.DEADLINE_EXCEEDED and self.limit.left > 0:
                return TooSlow(english(_TOO_SLOW, **values, seconds=_TRIES * _CALL_SECONDS))
            if not self.found and (why := secure.fault(self.framework, self.address, self._trust)):
                return BadInput(why)
            return RunnerUnavailable(english(_GONE if self.found else _NO_ANSWER, **values))
        if code is _CODES.UNIMPLEMENTED:
            return WrongRunner(english(_NO_RUNNER, **values))
        if failure.reason or code is _CODES.RESOURCE_EXHAUSTED:
            return BadInput(english(_REFUSES, **values))
        return RunnerUnavailable(english(_FAILED, **values, code=code.name))
