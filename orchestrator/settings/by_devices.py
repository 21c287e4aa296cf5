"""Several numbers of devices for one job: each is a side, compared with the first."""

from collections.abc import Sequence

from twinrun.v1 import job_pb2

from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english
from orchestrator.settings import sides as named
from orchestrator.trials.sides import Side

_NO_NUMBERS = Phrase(
    "--devices takes numbers of devices, separated by commas, each once; it was given {text!r}."
)


def counts(text: str | None) -> list[int]:
    """Return the numbers of devices; empty: not given. Raises BadInput."""
    if text is None:
        return []
    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not found or len({*found}) < len(found):
        raise BadInput(english(_NO_NUMBERS, text=text))
    return found


def each(numbers: Sequence[int], sides: Sequence[Side], spec: job_pb2.JobSpec) -> tuple[Side, ...]:
    """Return each of the sides with each number of devices; the first is the spec's own.

    Raises BadInput.
    """
    if len(numbers) < 2:
        return tuple(sides)
    named.refuse_both("--devices", given=any(side.changes for side in sides))
    texts = [[side.name, *(f"{side.name}: devices={n}" for n in numbers[1:])] for side in sides]
    return named.sides([text for several in texts for text in several], spec)
