"""What a trial's memory was taken by."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MemoryUsed:
    """Bytes; ``train_peak_bytes`` and ``evaluate_peak_bytes`` without the children's."""

    started_bytes: int | None = None
    built_bytes: int | None = None
    train_peak_bytes: int | None = None
    evaluate_peak_bytes: int | None = None
    children_bytes: int | None = None
    data_bytes: int = 0
    parameter_bytes: int = 0
    optimizer_bytes: int = 0
