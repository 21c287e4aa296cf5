"""The flag of devices for ``verify``, which takes several numbers of them."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from orchestrator.cli.options import JobOptions
from orchestrator.settings import by_devices
from orchestrator.settings.job import Flag

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
            return by_devices.counts(self.devices)

        def changes(self) -> dict[str, object]:
            """Return the changes by dotted field, with the first number. Raises BadInput."""
            first = {"devices": self.device_counts[0]} if self.device_counts else {}
            return first | replace(self, devices=None).changes() if first else super().changes()
