"""The machine's peak rates, with PyTorch's own kernels."""

from collections.abc import Callable
from functools import partial

import torch
from twinrun.contract.events import MachineMeasured
from twinrun.contract.spec import JobSpec

from services.pytorch import device
from services.trial.best_rate import CALLS, ELEMENTS, SIDE, best_rate


def measure(spec: JobSpec) -> MachineMeasured:
    """Measure with the device, precision and threads of ``spec``. Raises DeviceUnavailable."""
    where = device.prepare(spec)
    dtype = device.PRODUCTS[spec.precision]
    side, elements = SIDE[spec.device], ELEMENTS[spec.device]
    a, b = (torch.rand(side, side, device=where, dtype=dtype) for _ in range(2))
    x, y = (torch.rand(elements, device=where, dtype=dtype) for _ in range(2))
    product, total = torch.empty_like(a), torch.empty_like(x)
    synchronize = partial(device.synchronize, where)

    def best(run: Callable[[], object], amount: float) -> float:
        return best_rate(run, synchronize, amount, spec.device)

    one, other, out = (torch.rand(1, 1, device=where, dtype=dtype) for _ in range(3))

    def started() -> None:
        for _ in range(CALLS):
            torch.mm(one, other, out=out)

    return MachineMeasured(
        operations_per_second=best(partial(torch.mm, a, b, out=product), 2 * side**3),
        bytes_per_second=best(partial(torch.add, x, y, out=total), 3 * x.nbytes),
        calls_per_second=best(started, CALLS),
    )
