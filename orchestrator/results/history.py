"""The runs that there are: what each was, and what it came to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from orchestrator.certificate import certificate_file
from orchestrator.language.phrases import Phrase, Sentence, english, join, say
from orchestrator.language.words import NEXT
from orchestrator.results import variants
from orchestrator.results.comparison_file import finding_retold
from orchestrator.storage.about import About, Kind
from orchestrator.storage.store import Run

_NOT_FINISHED = Phrase("It was not finished.")
_DIFFERENCES = Phrase("{count} differences, one at a time.")
_UNREADABLE = Phrase("It cannot be read: {why}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One run. ``kind``: as of `orchestrator.storage.about`, or ``unknown``.

    ``time``: when it was made, ISO 8601, empty where that is not known; ``finding``: what it
    came to, a sentence; ``same_job``: None where there is no certificate; ``warnings``: codes.
    """

    name: str
    path: str
    kind: str
    time: str
    workload: str
    frameworks: Sequence[str]
    finding: Sentence
    same_job: bool | None
    warnings: Sequence[str]


def entries(runs: Sequence[Run]) -> list[Entry]:
    """Of ``runs``, in their order. One that cannot be read says so."""
    return [entry(run) for run in runs]


def entry(run: Run) -> Entry:
    """What is known of one run by its results alone; events are not read."""
    what: About | None = None
    found: dict[str, Any] = {"finding": english(_NOT_FINISHED)}
    try:
        what = run.about()
        name, read = _RESULTS[what.kind]
        if (result := run.result(name)) is not None:
            found = _sound(read(result))
    except Exception as error:  # noqa: BLE001 - one bad run must not hide the others
        found = {"finding": english(_UNREADABLE, why=getattr(error, "message", repr(error)))}
    return Entry(
        name=run.path.name,
        path=str(run.path),
        kind=what.kind if what else "unknown",
        time=what.time.isoformat() if what and what.time else "",
        workload=what.workload if what else "",
        frameworks=found.get("frameworks", what.sides if what else ()),
        finding=found["finding"],
        same_job=found.get("same_job"),
        warnings=found.get("warnings", ()),
    )


def _sound(found: dict[str, Any]) -> dict[str, Any]:
    """The same, if all that is shown of it are texts. Raises TypeError."""
    told = found["finding"]
    texts = [say(told), *found.get("frameworks", ()), *found.get("warnings", ())]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError(f"not a text: {texts}")
    return found


def _compared(found: Mapping[str, Any]) -> dict[str, Any]:
    proof = found.get("certificate")
    return {
        "frameworks": list(found["frameworks"]),
        "finding": finding_retold(found),
        "same_job": proof and proof["same_job"],
        "warnings": [warning["code"] for warning in found.get("warnings", ())],
    }


def _recipes(found: Mapping[str, Any]) -> dict[str, Any]:
    frameworks = {name for by_name in found["times"].values() for name in by_name}
    return {
        "frameworks": sorted(frameworks),
        "finding": variants.recipes_retold(found),
    }


def _loops(found: Mapping[str, Any]) -> dict[str, Any]:
    frameworks = {name for by_name in found["epoch_seconds"].values() for name in by_name}
    said = variants.loops_retold(found)
    finding = join(NEXT, said) if said else english(_NOT_FINISHED)
    return {"frameworks": sorted(frameworks), "finding": finding}


def _explained(found: Mapping[str, Any]) -> dict[str, Any]:
    several = found.get("pairs", [found])
    count = max((len(each["rows"]) for each in several), default=0)
    return {"finding": english(_DIFFERENCES, count=count)}


def _verified(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "frameworks": list(
            dict.fromkeys(
                side for each in found.get("pairs", [found]) for side in each.get("versions", ())
            )
        ),
        "finding": certificate_file.sentence(found),
        "same_job": found["same_job"],
    }


# The file that holds the result of a run, and what is read of it.
_RESULTS: Mapping[Kind, tuple[str, Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    Kind.TRAIN: ("comparison", _compared),
    Kind.COMPARE: ("comparison", _compared),
    Kind.RECIPES: ("recipes", _recipes),
    Kind.LOOPS: ("loops", _loops),
    Kind.EXPLAIN: ("explanation", _explained),
    Kind.VERIFY: ("certificate", _verified),
}


def as_dicts(found: Sequence[Entry]) -> list[dict[str, Any]]:
    return [asdict(each) for each in found]
