"""How a step's samples are shared among the devices of a job. NumPy only."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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

    @property
    def places(self) -> NDArray[np.float64]:
        """What each computed sample's loss counts in the step's ordered loss, whose weights grow.

        They are 1, 2, 3 and so on in the order of the step, over their sum.
        """
        part, all_places = self.part, self.of * (self.of + 1) / 2
        places = np.arange(part.start + 1, part.stop + 1) / all_places
        return places if self.samples else np.zeros(1)


def shares(samples: int, devices: int) -> list[Share]:
    """Return each device's share of a step of so many ``samples``, in the order of the step.

    The formula of job.proto: 64 samples on 3 devices are 22, 21 and 21.
    """
    least, more = divmod(samples, devices)
    counts = [least + (device < more) for device in range(devices)]
    return [Share(sum(counts[:device]), count, samples) for device, count in enumerate(counts)]
