"""Limits of reported times."""

import time
from collections.abc import Callable

from google.protobuf.duration_pb2 import Duration

from orchestrator.gate.fault import require
from orchestrator.language.phrases import Phrase, english
from orchestrator.trials.mappings.values import seconds

Elapsed = Callable[[], float]

_NO_LESS = Phrase("{least:.2g} s or more for {steps} steps")
_NO_MORE = Phrase("at most the {most:.1f} s since the job was submitted")
_WITHIN = Phrase("at most the {whole:.6g} s that it is a part of")
_SUM = Phrase("the {whole:.6g} s of its parts")
_LEAST_SECONDS = 1e-6  # of an epoch: a call of Python takes as long
_LEAST_STEP_SECONDS = 1e-7  # no device is as fast
_SLACK_SECONDS, _SLACK = 10.0, 1.05  # of clocks on two machines
_ROUNDING_SECONDS, _ROUNDING = 2e-3, 1.01


def since_now() -> Elapsed:
    """Return the seconds from now on, including those while the machine sleeps."""
    start, wall = _ticks(), time.time()
    return lambda: max(_ticks() - start, time.time() - wall)


def _ticks() -> float:
    clock = getattr(time, "CLOCK_BOOTTIME", None)  # keeps counting while a machine sleeps
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def require_lived(field: str, duration: Duration, elapsed: Elapsed | None) -> None:
    """Require no more time than has passed; None: its start is not known. Raises Fault."""
    if elapsed is not None:
        most = elapsed()
        sound = seconds(duration) <= _SLACK * most + _SLACK_SECONDS
        require(sound, field, _told(duration), english(_NO_MORE, most=most))


def require_training(field: str, duration: Duration, steps: int) -> None:
    """Require enough time for this many steps. Raises Fault."""
    least = max(_LEAST_SECONDS, steps * _LEAST_STEP_SECONDS)
    sound = seconds(duration) >= least
    require(sound, field, _told(duration), english(_NO_LESS, least=least, steps=steps))


def require_part(field: str, part: Duration, whole: Duration) -> None:
    """Require a part to be no longer than the whole. Raises Fault."""
    most = seconds(whole)
    sound = seconds(part) <= _ROUNDING * most + _ROUNDING_SECONDS
    require(sound, field, _told(part), english(_WITHIN, whole=most))


def require_sum(field: str, duration: Duration, parts: float) -> None:
    """Require the sum of its parts, in seconds. Raises Fault."""
    difference = abs(seconds(duration) - parts)
    sound = difference <= (_ROUNDING - 1) * parts + _ROUNDING_SECONDS
    require(sound, field, _told(duration), english(_SUM, whole=parts))


def _told(duration: Duration) -> str:
    return f"{seconds(duration):.9g} s"
