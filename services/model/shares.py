"""How a step's samples are shared among the devices of a job. NumPy only, and not even that."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """One device's part of a step ``of`` so many samples: so many ``samples`` from ``first``.

    A device with none computes the step's first sample, which counts nothing: layers and kernels
    are not asked for an empty batch, and all devices exchange the same sums.
    """

    first: int
    samples: int
    of: int

    @property
    def part(self) -> slice:
        """The samples that the device computes, of the step's."""
        first = self.first if self.samples else 0
        return slice(first, first + max(1, self.samples))

    @property
    def weight(self) -> float:
        """What the mean over the device's samples counts in the mean over the step's."""
        return self.samples / self.of


def shares(samples: int, devices: int) -> list[Share]:
    """Return each device's share of a step of so many ``samples``, in the order of the step.

    The formula of job.proto: 64 samples on 3 devices are 22, 21 and 21.
    """
    least, more = divmod(samples, devices)
    counts = [least + (device < more) for device in range(devices)]
    return [
        Share(sum(counts[:device]), count, samples) for device, count in enumerate(counts)
    ]
