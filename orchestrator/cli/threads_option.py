"""The flag of threads for ``compare``, which takes a word too."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from orchestrator.actions.threads import BEST
from orchestrator.cli.options import JobOptions
from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english
from orchestrator.settings.job import Flag

_NO_NUMBER = Phrase("--threads takes a number, or 'best'; it was given {text!r}.")

if TYPE_CHECKING:

    class JobWithThreads(JobOptions):
        threads: str | None  # type: ignore[assignment]

else:

    @dataclass(frozen=True, kw_only=True)
    class JobWithThreads(JobOptions):
        """The flags of a job, of which ``threads`` may also be ``best``."""

        threads: Annotated[
            str | None,
            Flag(
                help="CPU threads of each framework; default: all available CPUs. best: find each "
                "side's own best number by short trials, and compare both at equal threads and "
                "each at its best.",
                metavar="N|best",
            ),
        ] = None

        def changes(self) -> dict[str, object]:
            """Return the changes by dotted field; ``best`` changes nothing yet. Raises BadInput."""
            if self.threads is None:
                return super().changes()
            return _number(self.threads) | replace(self, threads=None).changes()


def _number(text: str | None) -> dict[str, int]:
    if text is None or text == BEST:
        return {}
    try:
        return {"threads": int(text)}
    except ValueError as error:
        raise BadInput(english(_NO_NUMBER, text=text)) from error
