"""MultiHeadAttention: by PyTorch's kernel for the scores, or written out."""

import torch
from torch import nn
from torch.nn import functional
from twinrun.contract.layers import MultiHeadAttention

from services.model.dropout import scale
from services.model.layers.parameter import Shape
from services.model.layers.sequences.multi_head_attention import PARTS
from services.pytorch.layers.given import Given, Training
from services.pytorch.layers.products import dense


class ToItself(nn.MultiheadAttention):  # type: ignore[misc] # PyTorch's is Any
    """As users write it: of a sequence to itself, the outputs alone."""

    def __init__(self, taken: int, layer: MultiHeadAttention) -> None:
        super().__init__(taken, layer.heads, layer.dropout, layer.use_bias, batch_first=True)
        self._causal = layer.causal

    def forward(self, x: torch.Tensor, counted: torch.Tensor | None = None) -> torch.Tensor:
        mask = padding = None
        if self._causal:
            mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1], x.device, x.dtype)
        if counted is not None:
            padding = x.new_zeros(counted.shape).masked_fill(~counted, -torch.inf)
        found: torch.Tensor = super().forward(
            x, x, x, padding, attn_mask=mask, is_causal=self._causal, need_weights=False
        )[0]
        return found


def computed(layer: MultiHeadAttention, x: torch.Tensor, given: Given) -> torch.Tensor:
    """Implement `services.pytorch.layers.Kind`.

    The kernel takes no mask of shares that drop out, and rounds no score to the dtype of products.
    """
    batch, time, taken = x.shape
    of_heads = []
    for _ in PARTS:
        made = _product(x, next(given.trained).reshape(taken, -1), layer, given)
        of_heads.append(made.view(batch, time, layer.heads, -1).transpose(1, 2))
    q, k, v = (each.to(given.products) for each in of_heads)
    mask = next(given.drawn) if layer.dropout and isinstance(given, Training) else None
    if mask is not None or given.products is not x.dtype:
        visible = _visible(layer, time, given.counted, x.device)
        found = _written(layer, (q, k, v), x.dtype, visible, mask)
    elif given.counted is not None:
        visible = _visible(layer, time, given.counted, x.device)
        found = functional.scaled_dot_product_attention(q, k, v, visible)
    else:
        found = functional.scaled_dot_product_attention(q, k, v, is_causal=layer.causal)
    found = found.to(x.dtype).transpose(1, 2).reshape(batch, time, -1)
    return _product(found, next(given.trained).reshape(-1, taken), layer, given)


def _written(
    layer: MultiHeadAttention,
    of_heads: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    own: torch.dtype,
    visible: torch.Tensor | None,
    mask: torch.Tensor | None,
) -> torch.Tensor:
    """Return the outputs: two products of the arrays' dtype, and between them shares in ``own``."""
    q, k, v = of_heads
    scores = (q @ k.transpose(2, 3)).to(own) * q.shape[-1] ** -0.5
    if visible is not None:
        scores = scores.masked_fill(~visible, -torch.inf)
    shares = scores.softmax(-1)
    if mask is not None:
        shares = shares * (mask.to(own) * scale(layer.dropout))
    return shares.to(v.dtype) @ v


def _visible(
    layer: MultiHeadAttention, time: int, counted: torch.Tensor | None, device: torch.device
) -> torch.Tensor | None:
    """Return which key each query sees, bool[..., time, time]. None: it sees all.

    A padded step sees itself too: a softmax of nothing would be NaN, and what it gives means
    nothing.
    """
    if counted is None:
        seen = torch.ones(time, time, dtype=torch.bool, device=device)
        return seen.tril() if layer.causal else None
    seen = counted[:, None, None] | torch.eye(time, dtype=torch.bool, device=device)
    return seen.tril() if layer.causal else seen


def _product(
    x: torch.Tensor, kernel: torch.Tensor, layer: MultiHeadAttention, given: Given
) -> torch.Tensor:
    bias = next(given.trained) if layer.use_bias else None
    return dense.product(x, kernel, bias, given.products)


def idiomatic(layer: MultiHeadAttention, shape: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    return ToItself(shape[1], layer)


def held(module: ToItself) -> dict[str, torch.Tensor | None]:
    """Implement `services.pytorch.layers.Kind`."""
    heads, last = module.num_heads, module.out_proj
    found: dict[str, torch.Tensor | None] = {}
    for part, kernel in zip(PARTS, module.in_proj_weight.chunk(3), strict=True):
        found[f"{part}_kernel"] = kernel.T.unflatten(1, (heads, -1))
    if module.in_proj_bias is not None:
        for part, bias in zip(PARTS, module.in_proj_bias.chunk(3), strict=True):
            found[f"{part}_bias"] = bias
    found["output_kernel"] = last.weight.T.unflatten(0, (heads, -1))
    found["output_bias"] = last.bias
    return found
