"""What a function was asked for, in the terms of the actions."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

from twinrun.v1 import job_pb2

from orchestrator.actions.cluster import together
from orchestrator.actions.cluster.sources import Source
from orchestrator.actions.compare import Ended, raise_for
from orchestrator.actions.repeat import Plan
from orchestrator.api.progress import Progress, display_of
from orchestrator.errors import BadInput, JobFailed, RunnerUnavailable
from orchestrator.frameworks import FRAMEWORKS, usual
from orchestrator.language.phrases import Phrase, english, say, speaking
from orchestrator.runners.finding import Runners
from orchestrator.runners.progress import Display
from orchestrator.settings import by_code, config, locales, trust, workloads
from orchestrator.settings import sides as named
from orchestrator.settings.config import Places
from orchestrator.settings.job import FLAGS, JobFlags
from orchestrator.storage.store import Run
from orchestrator.trials.sides import Side, sides

_FEW = Phrase("repeats is {given}; it must be 1 or more.")
_KEPT = Phrase("{why}\nWhat has finished is kept: orchestrator.load({path!r})")
_INTERRUPTED = Phrase("Interrupted.")


def job_of(workload: object, given: Mapping[str, Any]) -> JobFlags:
    """Return the flags of a job among the keywords ``given``."""
    return JobFlags(
        workload=None if workload is None else str(workload),
        **{name: given[name] for name in FLAGS if name in given},
    )


def spec_of(
    job: JobFlags, changes: Mapping[str, Any] | None, own: Mapping[str, Any] | None = None
) -> job_pb2.JobSpec:
    """Return the job's spec with ``changes``; ``own``: what a function changes by default.

    Raises BadInput.
    """
    return config.job_spec(job.workload, {**(own or {}), **job.changes(), **(changes or {})})


def names_of(frameworks: str | Sequence[str], least: int = 1) -> tuple[str, ...]:
    """Return the names of the frameworks. Raises BadInput."""
    names = frameworks if isinstance(frameworks, str) else ",".join(frameworks)
    return config.compared(names, least)


def sides_of(
    given: str | Sequence[str], frameworks: Sequence[str], spec: job_pb2.JobSpec
) -> tuple[Side, ...]:
    """Return the sides that are ``given`` as for --side, or else the frameworks.

    Raises BadInput.
    """
    texts = [given] if isinstance(given, str) else list(given)
    if not any(texts):
        return sides(by_code.frameworks(frameworks, spec))
    named.refuse_both("--frameworks", given=tuple(frameworks) != usual())
    return named.sides(texts, spec)


def plan_of(
    *,
    repeats: int,
    same_seed: bool,
    until_sure: bool,
    precision_target: str,
    max_minutes: float,
    margin: float | None,
    fail_if: str | None = None,
) -> Plan:
    """Return how often to repeat. Raises BadInput."""
    if repeats < 1:
        raise BadInput(english(_FEW, given=repeats))
    precision = config.fraction("precision_target", precision_target) if until_sure else None
    equal = config.margin("margin", margin)
    return Plan(repeats, same_seed, precision, 60 * max_minutes, equal, fail_if)


def places_of(given: Mapping[str, Any]) -> Places:
    """Return where the runners are, from the addresses among the keywords. Raises BadInput."""
    addresses = {n: given[f.word] for n, f in FRAMEWORKS.items() if given.get(f.word)}
    found = dict(config.runner(f"{name}={text}") for name, text in addresses.items())
    folders = given.get("tls") or []
    return Places(found, trust=trust.parse([folders] if isinstance(folders, str) else folders))


def addresses_in(given: Mapping[str, Any]) -> dict[str, bool]:
    """Return the keywords that say where runners are, as flags, and whether each is given."""
    flags = {name: each.word for name, each in FRAMEWORKS.items()} | {"tls": "tls"}
    return {f"--{name}": bool(given.get(word)) for name, word in flags.items()}


@contextmanager
def showing(
    progress: Progress, workload: str | None, sides: tuple[str, ...], epochs: int = 1
) -> Iterator[Display]:
    """Yield what shows progress, in the language of the locale."""
    with (
        speaking(locales.of(os.environ)),
        closing(display_of(progress, sides, epochs)) as display,
        workloads.lines_in_refusals(workload),
    ):
        yield display


@contextmanager
def running(
    progress: Progress,
    workload: str | None,
    sides: tuple[str, ...],
    given: Mapping[str, Any],
    epochs: int = 1,
    *,
    over: Source | None = None,
    names: Sequence[str] = (),
) -> Iterator[tuple[Runners, Display]]:
    """Yield runners and what shows progress; runners that are started here end with it.

    ``over``: the machines that train together, with the runners ``names``.
    """
    with (
        showing(progress, workload, sides, epochs) as display,
        together.runners(over, names, places_of(given), display.say) as runners,
    ):
        yield runners, display


def raise_with_place(run: Run, outcomes: Sequence[Ended]) -> None:
    """Raise what ended the outcomes early, if anything did, and say what is kept where."""
    try:
        raise_for(outcomes)
    except (JobFailed, RunnerUnavailable) as error:
        path = str(run.path)
        raise type(error)(english(_KEPT, why=error.message, path=path)) from None
    except KeyboardInterrupt:
        told = say(_KEPT, why=english(_INTERRUPTED), path=str(run.path))
        raise KeyboardInterrupt(told) from None
