"""The run directory: the request, everything that came back, and the results.

Files are written whole or not at all. Events are appended as they arrive, one line each; a reader
drops a line that was cut off, so a killed run can still be read.
"""

import dataclasses
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from twinrun.contract.spec import JobSpec
from twinrun.v1 import job_pb2

from orchestrator.errors import RunNotFound
from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.storage import about, blocks
from orchestrator.storage.about import STAMP, About, Kind
from orchestrator.storage.event_log import EventLog, read_events
from orchestrator.storage.files import (
    claim,
    dumps,
    noting,
    parse_job,
    read,
    read_json,
    read_object,
    write_whole,
    writing,
)
from orchestrator.storage.trial_files import TrialFiles
from orchestrator.trials.spec import message_of, spec_of
from orchestrator.trials.text import cleaned
from orchestrator.trials.trial import Trial

_NO_WEIGHTS = Phrase(
    "{path} has no weights of {trial}: only a trial that has succeeded has them. It has {kept}."
)
_NO_TRIALS = Phrase("none")
PROFILE, CERTIFICATE = "profile", "certificate"  # runs inside a run
_SCHEDULE = Path("schedule.json")
MACHINE = Path("machine.json")
_TRIAL_FILE = re.compile(r"(?P<framework>.+)-(?P<number>\d+)\.jsonl")
# The JSON mapping must know the messages that a status may contain; importing the file is enough.
_STATUS_DETAILS = error_details_pb2.DESCRIPTOR


@dataclass(frozen=True, slots=True)
class Run:
    """An existing run directory. Writing raises OutputError, reading RunUnreadable."""

    path: Path
    _read: TrialFiles = field(default_factory=TrialFiles, repr=False, compare=False)

    @property
    def log_path(self) -> Path:
        return self.path / "log.txt"

    def about(self) -> About:
        """Return what it is. Raises RunUnreadable."""
        return about.about(self.path)

    def spec(self) -> job_pb2.JobSpec:
        """Return the spec: as requested, or as a runner completed it. Raises RunUnreadable."""
        path = self.path / "job.json"
        return message_of(read_json(path), str(path))

    def job_spec(self) -> JobSpec:
        """Return the spec that results are made from. Raises RunUnreadable."""
        return spec_of(self.spec(), str(self.path / "job.json"))

    def write_spec(self, spec: job_pb2.JobSpec) -> None:
        """Replace the requested spec by a runner's completed one, with every default filled in."""
        self._write(Path("job.json"), dumps(to_mapping(spec)))

    def open_events(self, framework: str, number: int) -> EventLog:
        return EventLog(self.path / "events" / f"{framework}-{number}.jsonl")

    def events(self, framework: str, number: int) -> list[job_pb2.JobEvent]:
        """Return the events that were written whole."""
        return list(read_events(self.path / "events" / f"{framework}-{number}.jsonl"))

    def write_job(self, framework: str, number: int, job: job_pb2.Job) -> None:
        """Store the runner's own record of a trial: job id, completed spec, state."""
        self._write(Path("jobs") / f"{framework}-{number}.json", dumps(to_mapping(job)))

    def job(self, framework: str, number: int) -> job_pb2.Job | None:
        """Return what `write_job` stored. None: nothing."""
        path = self.path / "jobs" / f"{framework}-{number}.json"
        return cleaned(parse_job(path)) if path.exists() else None

    def trials(self, damages: list[Sentence] | None = None) -> list[Trial]:
        """Return every trial that has events, by framework and number.

        One that cannot be read is left out, with a sentence in ``damages``; without them it is an
        error. Raises RunUnreadable.
        """
        trials = []
        on = dict[int, str]()
        with noting(damages):
            on = blocks.machines(self.path)
        for framework, number in sorted(self._found()):
            with noting(damages):
                trial = self._read.trial(self.path, framework, number)
                named = dataclasses.replace(trial, machine=on[number]) if number in on else trial
                trials.append(named)
        return trials

    def count_trials(self) -> int:
        """Return how many there are, without reading them."""
        return sum(1 for _ in self._found())

    def _found(self) -> Iterator[tuple[str, int]]:
        for path in (self.path / "events").glob("*.jsonl"):
            if name := _TRIAL_FILE.fullmatch(path.name):
                yield name["framework"], int(name["number"])

    def write_environments(self, environments: Mapping[str, job_pb2.Environment]) -> None:
        """Store ``environments`` by framework."""
        mapping = {name: to_mapping(environment) for name, environment in environments.items()}
        self._write(Path("environments.json"), dumps(mapping))

    def write_runners(self, taken: Mapping[str, object]) -> None:
        """Store ``taken``: which runner each framework's trials ran on."""
        self._write(Path("runners.json"), dumps(taken))

    def write_initial_weights(self, framework: str, number: int, content: bytes) -> None:
        """Store one file for all trials; a trial that started differently gets its own."""
        common = Path("initial_weights.safetensors")
        if not (self.path / common).exists():
            self._write(common, content)
        elif read(self.path / common) != content:
            self._write(_own_initial_weights(framework, number), content)

    def write_weights(self, framework: str, number: int, content: bytes) -> None:
        self._write(Path("weights") / f"{framework}-{number}.safetensors", content)

    def initial_weights(self, framework: str, number: int) -> bytes:
        """Return a safetensors file. Raises RunUnreadable if there is none."""
        own = self.path / _own_initial_weights(framework, number)
        return read(own if own.exists() else self.path / "initial_weights.safetensors")

    def write_logits(self, framework: str, number: int, content: bytes) -> None:
        self._write(Path("logits") / f"{framework}-{number}.safetensors", content)

    def logits(self, framework: str, number: int) -> bytes:
        """Return logits and labels of the test samples. Raises RunUnreadable if there are none."""
        return read(self.path / "logits" / f"{framework}-{number}.safetensors")

    def write_logits_again(self, framework: str, trained: str, content: bytes) -> None:
        """Store the logits of ``framework`` from the final weights of ``trained``'s first trial."""
        self._write(Path("logits") / f"{framework}-of-{trained}.safetensors", content)

    def logits_again(self, framework: str, trained: str) -> bytes | None:
        """Return what `write_logits_again` stored. None: nothing."""
        path = self.path / "logits" / f"{framework}-of-{trained}.safetensors"
        return read(path) if path.exists() else None

    def result(self, kind: str) -> dict[str, Any] | None:
        """Return ``<kind>.json``. None: there is none. Raises RunUnreadable."""
        return self._json(Path(f"{kind}.json"))

    def write_result(self, kind: str, result: Mapping[str, object]) -> None:
        """Write ``<kind>.json``."""
        self._write(Path(f"{kind}.json"), dumps(result))

    def write_certificate(self, certificate: Mapping[str, object]) -> None:
        self._write(Path("certificate.json"), dumps(certificate))

    def write_evaluation(self, name: str, evaluation: Mapping[str, object]) -> None:
        self._write(Path("evaluations") / f"{name}.json", dumps(evaluation))

    def certificate(self) -> dict[str, Any] | None:
        """Return what `write_certificate` stored. None: nothing. Raises RunUnreadable."""
        return self._json(Path("certificate.json"))

    def write_known(self, known: Mapping[str, object]) -> None:
        """Store what was known about the machine when the run was made."""
        self._write(MACHINE, dumps(known))

    def known(self) -> dict[str, Any]:
        """Return what `write_known` stored; empty: nothing. Raises RunUnreadable."""
        return self._json(MACHINE) or {}

    def write_concurrent(self) -> None:
        """Record that trials of several frameworks ran at the same time."""
        self._write(_SCHEDULE, dumps({"concurrent": True}))

    def concurrent(self) -> bool:
        """Return whether `write_concurrent` was called."""
        return (self.path / _SCHEDULE).exists()

    def weights(self, framework: str, number: int) -> bytes:
        """Return the final weights, a safetensors file.

        Raises RunNotFound if the trial has none.
        """
        path = self.path / "weights" / f"{framework}-{number}.safetensors"
        if not path.exists():
            kept = ", ".join(sorted(file.stem for file in path.parent.glob("*.safetensors")))
            names = {"path": self.path, "trial": f"{framework}-{number}"}
            raise RunNotFound(english(_NO_WEIGHTS, **names, kept=kept or english(_NO_TRIALS)))
        return read(path)

    def write_comparison(self, comparison: Mapping[str, object]) -> None:
        self._write(Path("comparison.json"), dumps(comparison))

    def write_figures(self, figures: Mapping[str, bytes]) -> None:
        """Store ``figures``: contents by file name."""
        for name, content in figures.items():
            self._write(Path("figures") / name, content)

    @property
    def page_path(self) -> Path:
        return self.path / "report.html"

    def write_page(self, page: bytes) -> None:
        self._write(Path(self.page_path.name), page)

    def profiles(self) -> list[Trial]:
        """Return the trials that were run only for their profiles."""
        return Run(self.path / PROFILE).trials()

    def _json(self, name: Path) -> dict[str, Any] | None:
        path = self.path / name
        return read_object(path) if path.exists() else None

    def _write(self, name: Path, content: bytes) -> None:
        write_whole(self.path / name, content)


def create(
    output: Path,
    kind: Kind,
    workload: str,
    sides: Sequence[str],
    spec: job_pb2.JobSpec,
    *,
    baseline: str | None = None,
    label: str = "",
    precision: float | None = None,
    margin: float | None = None,
    fail_if: str | None = None,
    now: datetime | None = None,
) -> Run:
    """Create a run directory in ``output``, which is created if missing.

    It begins with its run.json, with the given fields of `About`, and its job.json. Raises
    OutputError.
    """
    time = (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    name = f"{time.strftime(STAMP)}-{about.title(kind, workload)}"
    path = output / name
    with writing(path):
        output.mkdir(parents=True, exist_ok=True)
        path = claim(output, name)
    about_it = path.name, kind, workload, time, sides, baseline, label, platform.node()
    more = About(*about_it, precision=precision, margin=margin, fail_if=fail_if)
    return _begin(more, path, spec)


def within(run: Run, name: str, kind: Kind, sides: Sequence[str], spec: job_pb2.JobSpec) -> Run:
    """Create a run inside another one's directory. Raises OutputError, RunUnreadable."""
    path = run.path / name
    with writing(path):
        path.mkdir(exist_ok=True)
    before = run.about()
    baseline = before.baseline if before.baseline in sides else None
    what = dataclasses.replace(before, kind=kind, sides=sides, baseline=baseline)
    return _begin(what, path, spec)


def _begin(what: About, path: Path, spec: job_pb2.JobSpec) -> Run:
    """Write the first files; job.json comes last, because it makes a directory a run."""
    about.write(path, what)
    write_whole(path / "job.json", dumps(to_mapping(spec)))
    return Run(path)


def inner(run: Run, name: str) -> Run | None:
    """Return the run of that name inside another one's directory. None: there is none."""
    inner_run = Run(run.path / name)
    return inner_run if (inner_run.path / "job.json").is_file() else None


def to_mapping(message: Message) -> dict[str, Any]:
    """Write a message in proto's JSON mapping, with the proto's own field names."""
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def _own_initial_weights(framework: str, number: int) -> Path:
    return Path("weights") / f"{framework}-{number}.initial.safetensors"
