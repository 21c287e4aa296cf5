"""The flag of devices for ``verify``, which takes several numbers of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from twinrun.v1 import job_pb2

from orchestrator.cli.options import JobOptions
from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english
from orchestrator.settings import sides as named
from orchestrator.settings.job import Flag
from orchestrator.trials.sides import Side

_NO_NUMBERS = Phrase(
    "--devices takes numbers of devices, separated by commas, each once; it was given {text!r}."
)

if TYPE_CHECKING:

    class JobOnDevices(JobOptions):
        devices: str | None  # type: ignore[assignment]

        @property
        def device_counts(self) -> list[int]: ...

else:

    @dataclass(frozen=True, kw_only=True)
    class JobOnDevices(JobOptions):
        """The flags of a job, of which ``devices`` may have several numbers."""

        devices: Annotated[
            str | None,
            Flag(
                help="Devices that share each batch, data parallel; on a CPU processes, or parts "
                "of one. Several, such as 1,2,4: each is a side, compared with the first one.",
                metavar="N1,N2...",
            ),
        ] = None

        @property
        def device_counts(self) -> list[int]:
            """The numbers of devices; empty: not given. Raises BadInput."""
            if self.devices is None:
                return []
            try:
                found = [int(part) for part in self.devices.split(",")]
            except ValueError:
                found = []
            if not found or len({*found}) < len(found):
                raise BadInput(english(_NO_NUMBERS, text=self.devices))
            return found

        def changes(self) -> dict[str, object]:
            """Return the changes by dotted field, with the first number. Raises BadInput."""
            first = {"devices": self.device_counts[0]} if self.device_counts else {}
            return first | replace(self, devices=None).changes() if first else super().changes()


def each(job: JobOnDevices, sides: Sequence[Side], spec: job_pb2.JobSpec) -> tuple[Side, ...]:
    """Return each of the sides with each number of devices. Raises BadInput."""
    further = job.device_counts[1:]
    if not further:
        return tuple(sides)
    named.refuse_both("--devices", given=any(side.changes for side in sides))
    texts = [[side.name, *(f"{side.name}: devices={n}" for n in further)] for side in sides]
    return named.sides([text for several in texts for text in several], spec)
