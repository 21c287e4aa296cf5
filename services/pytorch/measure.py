"""The machine's peak rates, with PyTorch's own kernels."""

import torch
from twinrun.contract.events import MachineMeasured
from twinrun.contract.spec import JobSpec

from services.pytorch import device
from services.trial.best_rate import ELEMENTS, SIDE, best_rate


def measure(spec: JobSpec) -> MachineMeasured:
    """Measure with the device, precision and threads of ``spec``. Raises DeviceUnavailable."""
    where = device.prepare(spec)
    dtype = device.PRODUCTS[spec.precision]
    side = SIDE[spec.device]
    a, b = (torch.rand(side, side, device=where, dtype=dtype) for _ in range(2))
    x, y = (torch.rand(ELEMENTS, device=where, dtype=dtype) for _ in range(2))
    product, total = torch.empty_like(a), torch.empty_like(x)

    def multiply() -> None:
        torch.mm(a, b, out=product)
        device.synchronize(where)

    def add() -> None:
        torch.add(x, y, out=total)
        device.synchronize(where)

    return MachineMeasured(
        operations_per_second=best_rate(multiply, 2 * side**3),
        bytes_per_second=best_rate(add, 3 * x.nbytes),
    )
