"""What a trace reports: a model of code, as one batch went through it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TracedLayer:
    path: str
    type: str
    kind: str
    call: int
    settings: dict[str, str]
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TracedTensor:
    key: str
    layer: str
    part: str
    shape: tuple[int, ...]
    trained: bool
    used: bool
    tied_to: str = ""
    variants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TracedDraw:
    path: str
    rate: float
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TracedCase:
    program: str
    reason: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True)
class ModelTraced:
    layers: tuple[TracedLayer, ...]
    tensors: tuple[TracedTensor, ...]
    draws: tuple[TracedDraw, ...] = ()
    notes: tuple[str, ...] = ()
    case: TracedCase | None = None
