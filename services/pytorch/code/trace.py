"""One step of the user's model, layer by layer."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from twinrun.contract.spec import Augmentation, JobSpec
from twinrun.contract.traced import ModelTraced, TracedTensor

from services.errors import TwinrunError
from services.model.weights import Weights
from services.pytorch import device, losses, optimizers
from services.pytorch.code.arrays import Array
from services.pytorch.code.built import MEMORY
from services.pytorch.code.model import CodeModel, Masks
from services.pytorch.code.recording import Recording
from services.trial import chunks
from services.trial.code import Build, failed
from services.trial.trace import Traced, returned_by

# Relative to the largest: sums in another order differ by less, other random numbers by more.
_ROUNDING = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class _Pass:
    """What one pass forward and back made; ``gradients`` are those of the model's parameters."""

    recording: Recording
    logits: torch.Tensor
    loss: torch.Tensor
    gradients: Sequence[torch.Tensor | None]


def trace(
    spec: JobSpec,
    inputs: NDArray[np.floating],
    labels: NDArray[np.generic],
    build: Build,
    weights: Weights | None,
    *,
    returned: Weights = MappingProxyType({}),
) -> Traced:
    """Take one step and report it: `services.trial.trace.MakeTrace`.

    The batch runs twice, with the same masks and other random numbers of PyTorch's own. Raises
    Unsupported for what an evaluation of the model would meet.
    """
    where = device.prepare(spec)
    x, y = device.put(inputs, where), device.put(labels, where)
    model = CodeModel(spec, build, x, weights)
    arrays: dict[str, NDArray[np.generic]] = {
        f"initial/{key}": array.read() for key, array in _laid(model.all)
    }
    own = returned_by("pytorch", returned)
    with model.built.state.restored():
        with torch.no_grad():
            model.logits(x)
        first = _pass(spec, model, x, y, own, seed=1)
    found = _pass(spec, model, x, y, own, seed=2, in_place=first.recording.changed)
    model.keep(())
    optimizers.optimizer(spec.optimizer, model.parameters, spec.loop).step()
    for index, output in enumerate(found.recording.outputs):
        slope = found.recording.slopes.get(index, torch.zeros_like(output))
        arrays[f"output/{index}"], arrays[f"slope/{index}"] = _array(output), _array(slope)
    program, asked = found.recording.program, bool(model.built.source.case)
    arrays |= {f"case/{name}": array for name, array in program.arrays.items()}
    arrays |= {f"input/case{n}": array for n, array in enumerate(program.inputs)}
    tensors = _in_order(model)
    for key, array in _laid(tensors):
        if array.tensor.requires_grad:
            gradient = array.tensor.grad
            none = torch.zeros_like(array.tensor)
            arrays[f"gradient/{key}"] = array.read(none if gradient is None else gradient)
        arrays[f"updated/{key}"] = array.read()
    arrays |= {"logits": _array(found.logits), "loss": _array(found.loss.reshape(1))}
    report = ModelTraced(
        layers=tuple(found.recording.layers),
        tensors=tuple(_reported(model, array) for array in tensors),
        draws=tuple(draw.traced for draw in model.draws),
        notes=(*model.built.notes, *_notes(tensors, first, found)),
        case=program.traced() if asked else None,
    )
    return Traced(report, arrays)


def _pass(
    spec: JobSpec,
    model: CodeModel,
    x: torch.Tensor,
    y: torch.Tensor,
    returned: Weights,
    *,
    seed: int,
    in_place: Collection[int] = (),
) -> _Pass:
    """Run the first batch of the first epoch. Raises CodeFailed.

    ``in_place``: as in `Recording`; the first pass finds out.
    """
    batch = [np.arange(len(x), dtype=np.int32)[np.newaxis]]
    plain = replace(spec, augmentation=Augmentation())
    chunk = next(chunks.carried(plain, tuple(x.shape), 0, batch, model.sites))
    _, drawn = device.put_chunk(chunk, x.device)
    torch.manual_seed(seed)
    masks = Masks(model.draws, [drawn[site.name][0] for site in model.sites])
    for parameter in model.parameters:
        parameter.grad = None
    recording, logits = model.built.recorded(
        x, masks, returned=returned, keeps=True, in_place=in_place
    )
    loss = losses.mean(spec)(logits, y)
    try:
        loss.backward()
    except (TwinrunError, *MEMORY):
        raise
    except (Exception, SystemExit) as error:
        raise failed(error, model.built.file, "pytorch") from error
    recording.went_back()
    return _Pass(recording, logits, loss, [parameter.grad for parameter in model.parameters])


def _array(tensor: torch.Tensor) -> NDArray[np.floating]:
    found: NDArray[np.floating] = np.array(tensor.detach().cpu().numpy(), order="C")
    return found


def _laid(arrays: Sequence[Array]) -> Iterator[tuple[str, Array]]:
    """Yield the arrays by key, in each layout that they may have."""
    for array in arrays:
        for suffix in ("", *array.variants):
            yield array.key + suffix, array.variant(suffix)


def _in_order(model: CodeModel) -> list[Array]:
    """Return all arrays in the order of their layers' first calls, those not used last.

    What is not called itself, such as a list of parameters, is where what holds it is called.
    """
    places = {path: place for place, path in enumerate(model.called)}

    def place(array: Array) -> int:
        path = array.layer
        while path not in places and array.tensor.grad is not None:
            path = path.rpartition(".")[0]
        return places.get(path, len(places))

    return sorted(model.all, key=place)


def _reported(model: CodeModel, array: Array) -> TracedTensor:
    trained = array.tensor.requires_grad
    return TracedTensor(
        key=array.key,
        layer=array.layer,
        part=array.part,
        shape=array.read().shape,
        trained=trained,
        used=array.tensor.grad is not None if trained else array.layer in model.called,
        tied_to=array.tied_to,
        variants=array.variants,
    )


def _notes(tensors: Sequence[Array], first: _Pass, second: _Pass) -> Iterator[str]:
    for array in tensors:
        if array.tensor.requires_grad and array.tensor.grad is None:
            yield f"{array.key}: the loss does not depend on it."
    if _differ(first.loss, second.loss) or any(
        _differ(a, b) for a, b in zip(first.gradients, second.gradients, strict=True)
    ):
        yield _random(first.recording, second.recording)


def _random(first: Recording, second: Recording) -> str:
    """Say what draws random numbers that are not the spec's."""
    consequence = "its random numbers are PyTorch's own, so the same batch gives another loss."
    calls = dict.fromkeys(f"{path or 'the model'} calls {name}" for path, name in second.random)
    if calls:
        return f"{', '.join(calls)}: {consequence}"
    pairs = zip(second.layers, first.outputs, second.outputs, strict=False)
    parted = next((layer.path for layer, a, b in pairs if _differ(a, b)), "the model")
    return f"{parted}, or what is called just before it: {consequence}"


def _differ(a: torch.Tensor | None, b: torch.Tensor | None) -> bool:
    if a is None or b is None or a.shape != b.shape:
        return a is not b
    scale = torch.maximum(a.abs().max(), b.abs().max()) if a.numel() else 0.0
    return bool((a - b).abs().max() > _ROUNDING * scale) if a.numel() else False
