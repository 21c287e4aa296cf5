"""Settings of a traced layer, from the text that all sides write."""

from collections.abc import Mapping

Settings = Mapping[str, str]


def numbers(settings: Settings, name: str, count: int, default: int) -> list[int]:
    """Return a number for each of ``count`` axes. Raises ValueError."""
    found = [int(each) for each in settings.get(name, "").split(",") if each]
    return found if len(found) == count else [*found, default][:1] * count


def sides(settings: Settings, count: int) -> list[tuple[int, int]]:
    """Return the padding before and after each of ``count`` axes. Raises ValueError."""
    found = [each.split(":") for each in settings.get("padding", "").split(",") if each]
    pairs = [(int(before), int(after)) for before, after in found]
    return pairs if len(pairs) == count else [(0, 0)] * count


def number(settings: Settings, name: str, default: float) -> float:
    """Return a number. Raises ValueError."""
    return float(settings.get(name, default))


def flag(settings: Settings, name: str, *, default: bool = False) -> bool:
    """Return whether it is set."""
    return settings.get(name, repr(default)).lower() == "true"
