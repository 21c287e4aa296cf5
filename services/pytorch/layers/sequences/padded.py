"""Recurrent layers of sequences with padded steps, by kernels that know of none."""

from collections.abc import Callable

import torch
from torch.nn.utils import rnn


def outputs(
    x: torch.Tensor, counted: torch.Tensor | None, run: Callable[[torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    """Return the outputs [batch, time, units] that ``run`` makes of ``x`` [batch, time, in].

    Padded steps, where ``counted`` is False, come behind all others, where they change the state
    of none; then each output goes to its step. Those of padded steps mean nothing.
    """
    if counted is None:
        return run(x)
    order = (~counted).to(torch.uint8).argsort(dim=1, stable=True)
    return _taken(run(_taken(x, order)), order.argsort(dim=1))


def _taken(x: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
    return x.gather(1, steps[..., None].expand(-1, -1, x.shape[-1]))


def packed(
    x: torch.Tensor,
    counted: torch.Tensor | None,
    run: Callable[[torch.Tensor | rnn.PackedSequence], tuple[torch.Tensor, object]],
) -> torch.Tensor:
    """Return the outputs of a user's module ``run``, padded steps being last: they are left out.

    A sample of padding alone is taken as one step, since PyTorch packs nothing shorter.
    """
    if counted is None:
        return run(x)[0]
    lengths = counted.sum(1).clamp(min=1).cpu()
    of_steps = rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    outputs: torch.Tensor = rnn.pad_packed_sequence(
        run(of_steps)[0], batch_first=True, total_length=x.shape[1]
    )[0]
    return outputs
