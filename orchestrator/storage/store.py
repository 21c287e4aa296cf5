"""The run directory: what was asked for, everything that came back, and what was made of it.

Whole files are there whole or not at all. Events are appended as they arrive, a line each; a line
that was cut off in the writing is dropped by the reader, so a killed run can still be read.
"""

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from twinrun.contract.spec import JobSpec
from twinrun.v1 import job_pb2

from orchestrator.errors import RunNotFound
from orchestrator.language.phrases import Phrase, english
from orchestrator.storage import about
from orchestrator.storage.about import STAMP, About, Kind
from orchestrator.storage.event_log import EventLog, read_events
from orchestrator.storage.files import parse, read, read_json, write_whole, writing
from orchestrator.trials.fold import fold
from orchestrator.trials.spec import spec_of
from orchestrator.trials.text import cleaned
from orchestrator.trials.trial import Trial

_NO_WEIGHTS = Phrase(
    "{path} has no weights of {trial}: a trial has them when it has succeeded. It has {kept}."
)
_NO_TRIALS = Phrase("none")
PROFILE = "profile"  # a run inside a run
_SCHEDULE = Path("schedule.json")
_MACHINE = Path("machine.json")
_TRIAL_FILE = re.compile(r"(?P<framework>.+)-(?P<number>\d+)\.jsonl")
# JSON mapping needs to know the messages that a status may hold; knowing the file is enough.
_STATUS_DETAILS = error_details_pb2.DESCRIPTOR


@dataclass(frozen=True, slots=True)
class Run:
    """An existing run directory. Writing raises OutputError, reading RunUnreadable."""

    path: Path

    @property
    def log_path(self) -> Path:
        return self.path / "log.txt"

    def about(self) -> About:
        """What it is. Raises RunUnreadable."""
        return about.about(self.path)

    def spec(self) -> job_pb2.JobSpec:
        """The spec: as it was asked for, once a runner has taken it as that completed it."""
        return parse(read(self.path / "job.json"), job_pb2.JobSpec(), self.path / "job.json")

    def job_spec(self) -> JobSpec:
        """The same as what results are made of. Raises RunUnreadable."""
        return spec_of(self.spec(), str(self.path / "job.json"))

    def write_spec(self, spec: job_pb2.JobSpec) -> None:
        """Replaces what was asked for by what a runner made of it: every default filled in."""
        self._write(Path("job.json"), _to_json(spec))

    def open_events(self, framework: str, number: int) -> EventLog:
        return EventLog(self.path / "events" / f"{framework}-{number}.jsonl")

    def events(self, framework: str, number: int) -> list[job_pb2.JobEvent]:
        """The events that were written whole."""
        return list(read_events(self.path / "events" / f"{framework}-{number}.jsonl"))

    def write_job(self, framework: str, number: int, job: job_pb2.Job) -> None:
        """Keeps the runner's own account of a trial: job id, completed spec, state."""
        self._write(Path("jobs") / f"{framework}-{number}.json", _to_json(job))

    def job(self, framework: str, number: int) -> job_pb2.Job | None:
        """The same read back. None: it was never written."""
        path = self.path / "jobs" / f"{framework}-{number}.json"
        return cleaned(parse(read(path), job_pb2.Job(), path)) if path.exists() else None

    def trials(self) -> list[Trial]:
        """Every trial that has events, by framework and number."""
        return [self._trial(framework, number) for framework, number in sorted(self._found())]

    def has_trials(self) -> bool:
        """Whether there are any, without reading them."""
        return any(True for _ in self._found())

    def _found(self) -> Iterator[tuple[str, int]]:
        for path in (self.path / "events").glob("*.jsonl"):
            if name := _TRIAL_FILE.fullmatch(path.name):
                yield name["framework"], int(name["number"])

    def _trial(self, framework: str, number: int) -> Trial:
        job = self.job(framework, number)
        where = self.path / "jobs" / f"{framework}-{number}.json"
        spec = spec_of(job.spec, str(where)) if job and job.HasField("spec") else None
        return fold(framework, number, self.events(framework, number), spec)

    def write_environments(self, environments: Mapping[str, job_pb2.Environment]) -> None:
        """``environments`` by framework."""
        mapping = {name: to_mapping(found) for name, found in environments.items()}
        self._write(Path("environments.json"), _dumps(mapping))

    def write_runners(self, taken: Mapping[str, object]) -> None:
        """``taken``: which runner each framework's trials ran on."""
        self._write(Path("runners.json"), _dumps(taken))

    def write_initial_weights(self, framework: str, number: int, content: bytes) -> None:
        """One file for all trials; one of its own for a trial that did not start as the first."""
        common = Path("initial_weights.safetensors")
        if not (self.path / common).exists():
            self._write(common, content)
        elif read(self.path / common) != content:
            self._write(_own_initial_weights(framework, number), content)

    def write_weights(self, framework: str, number: int, content: bytes) -> None:
        self._write(Path("weights") / f"{framework}-{number}.safetensors", content)

    def initial_weights(self, framework: str, number: int) -> bytes:
        """A safetensors file. Raises RunUnreadable where there is none."""
        own = self.path / _own_initial_weights(framework, number)
        return read(own if own.exists() else self.path / "initial_weights.safetensors")

    def write_logits(self, framework: str, number: int, content: bytes) -> None:
        self._write(Path("logits") / f"{framework}-{number}.safetensors", content)

    def logits(self, framework: str, number: int) -> bytes:
        """Logits and labels of the test samples. Raises RunUnreadable where there are none."""
        return read(self.path / "logits" / f"{framework}-{number}.safetensors")

    def write_logits_again(self, framework: str, trained: str, content: bytes) -> None:
        """Keep what ``framework`` made of the final weights of ``trained``'s first trial."""
        self._write(Path("logits") / f"{framework}-of-{trained}.safetensors", content)

    def logits_again(self, framework: str, trained: str) -> bytes | None:
        """The same read back. None: it was never written."""
        path = self.path / "logits" / f"{framework}-of-{trained}.safetensors"
        return read(path) if path.exists() else None

    def result(self, kind: str) -> dict[str, Any] | None:
        """``<kind>.json``. None: there is none. Raises RunUnreadable."""
        return self._json(Path(f"{kind}.json"))

    def write_result(self, kind: str, result: Mapping[str, object]) -> None:
        """Write ``<kind>.json``."""
        self._write(Path(f"{kind}.json"), _dumps(result))

    def write_certificate(self, certificate: Mapping[str, object]) -> None:
        self._write(Path("certificate.json"), _dumps(certificate))

    def write_evaluation(self, name: str, evaluation: Mapping[str, object]) -> None:
        self._write(Path("evaluations") / f"{name}.json", _dumps(evaluation))

    def certificate(self) -> dict[str, Any] | None:
        """What `write_certificate` wrote. None: nothing. Raises RunUnreadable."""
        return self._json(Path("certificate.json"))

    def write_known(self, known: Mapping[str, object]) -> None:
        """What was known of the machine when the run was made."""
        self._write(_MACHINE, _dumps(known))

    def known(self) -> dict[str, Any]:
        """What `write_known` wrote; empty: nothing. Raises RunUnreadable."""
        return self._json(_MACHINE) or {}

    def write_concurrent(self) -> None:
        """Notes that trials of several frameworks ran at the same time."""
        self._write(_SCHEDULE, _dumps({"concurrent": True}))

    def concurrent(self) -> bool:
        """Whether `write_concurrent` was called."""
        return (self.path / _SCHEDULE).exists()

    def weights(self, framework: str, number: int) -> bytes:
        """The final weights, a safetensors file. Raises RunNotFound where the trial has none."""
        path = self.path / "weights" / f"{framework}-{number}.safetensors"
        if not path.exists():
            kept = ", ".join(sorted(found.stem for found in path.parent.glob("*.safetensors")))
            names = {"path": self.path, "trial": f"{framework}-{number}"}
            raise RunNotFound(english(_NO_WEIGHTS, **names, kept=kept or english(_NO_TRIALS)))
        return read(path)

    def write_comparison(self, comparison: Mapping[str, object]) -> None:
        self._write(Path("comparison.json"), _dumps(comparison))

    def write_figures(self, figures: Mapping[str, bytes]) -> None:
        """``figures``: contents by file name."""
        for name, content in figures.items():
            self._write(Path("figures") / name, content)

    @property
    def page_path(self) -> Path:
        return self.path / "report.html"

    def write_page(self, page: bytes) -> None:
        self._write(Path(self.page_path.name), page)

    def profiles(self) -> list[Trial]:
        """The trials that were run for their profiles alone."""
        return Run(self.path / PROFILE).trials()

    def _json(self, name: Path) -> dict[str, Any] | None:
        path = self.path / name
        found: dict[str, Any] | None = read_json(path) if path.exists() else None
        return found

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
    now: datetime | None = None,
) -> Run:
    """Make a new run directory in ``output``, which is made where it is missing.

    It begins with its run.json, of ``kind``, ``workload``, ``sides`` and ``baseline``, and its
    job.json. Raises OutputError.
    """
    time = (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    name = f"{time.strftime(STAMP)}-{about.title(kind, workload)}"
    path = output / name
    with writing(path):
        output.mkdir(parents=True, exist_ok=True)
        path = _claim(output, name)
    return _begin(About(path.name, kind, workload, time, sides, baseline), path, spec)


def within(run: Run, name: str, kind: Kind, sides: Sequence[str], spec: job_pb2.JobSpec) -> Run:
    """Make a run inside another one's directory. Raises OutputError, RunUnreadable."""
    path = run.path / name
    with writing(path):
        path.mkdir(exist_ok=True)
    before = run.about()
    what = dataclasses.replace(
        before,
        kind=kind,
        sides=sides,
        baseline=before.baseline if before.baseline in sides else None,
    )
    return _begin(what, path, spec)


def _begin(what: About, path: Path, spec: job_pb2.JobSpec) -> Run:
    """job.json comes last: by it a directory is a run."""
    write_whole(path / about.FILE, _dumps(what.as_dict()))
    write_whole(path / "job.json", _to_json(spec))
    return Run(path)


def inner(run: Run, name: str) -> Run | None:
    """The run of that name inside another one's directory. None: there is none."""
    found = Run(run.path / name)
    return found if (found.path / "job.json").is_file() else None


def to_mapping(message: Message) -> dict[str, Any]:
    """A message in proto's JSON mapping, with the proto's own field names."""
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def _own_initial_weights(framework: str, number: int) -> Path:
    return Path("weights") / f"{framework}-{number}.initial.safetensors"


def _claim(output: Path, name: str) -> Path:
    """Makes the directory; a name that is taken gets -2, -3 ... behind it."""
    number = 1
    while True:
        path = output / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
        else:
            return path


def _to_json(message: Message) -> bytes:
    return _dumps(to_mapping(message))


def _dumps(mapping: Mapping[str, object]) -> bytes:
    return json.dumps(mapping, indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n"
