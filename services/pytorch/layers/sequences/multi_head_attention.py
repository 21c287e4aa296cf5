"""MultiHeadAttention: by PyTorch's kernel for the scores, or written out."""

import torch
from torch import nn
from torch.nn import functional
from twinrun.contract.layers import MultiHeadAttention

from services.model.dropout import scale
from services.model.layers.parameter import Shape
from services.model.layers.sequences.multi_head_attention import PARTS
from services.pytorch.layers.given import Given, Training


class ToItself(nn.MultiheadAttention):  # type: ignore[misc] # PyTorch's is Any
    """As users write it: of a sequence to itself, the outputs alone."""

    def __init__(self, taken: int, layer: MultiHeadAttention) -> None:
        super().__init__(taken, layer.heads, layer.dropout, layer.use_bias, batch_first=True)
        self._causal = layer.causal

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mask = None
        if self._causal:
            mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1], x.device, x.dtype)
        found: torch.Tensor = super().forward(
            x, x, x, attn_mask=mask, is_causal=self._causal, need_weights=False
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
        found = _written(layer, (q, k, v), x.dtype, mask)
    else:
        found = functional.scaled_dot_product_attention(q, k, v, is_causal=layer.causal)
    found = found.to(x.dtype).transpose(1, 2).reshape(batch, time, -1)
    return _product(found, next(given.trained).reshape(-1, taken), layer, given)


def _written(
    layer: MultiHeadAttention,
    of_heads: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    own: torch.dtype,
    mask: torch.Tensor | None,
) -> torch.Tensor:
    """Return the outputs: two products of the arrays' dtype, and between them shares in ``own``."""
    q, k, v = of_heads
    scores = (q @ k.transpose(2, 3)).to(own) * q.shape[-1] ** -0.5
    if layer.causal:
        seen = torch.ones(scores.shape[2:], dtype=torch.bool, device=scores.device).tril()
        scores = scores.masked_fill(~seen, -torch.inf)
    shares = scores.softmax(-1)
    if mask is not None:
        shares = shares * (mask.to(own) * scale(layer.dropout))
    return shares.to(v.dtype) @ v


def _product(
    x: torch.Tensor, kernel: torch.Tensor, layer: MultiHeadAttention, given: Given
) -> torch.Tensor:
    product = (x.to(given.products) @ kernel.to(given.products)).to(kernel.dtype)
    return product + next(given.trained) if layer.use_bias else product


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
