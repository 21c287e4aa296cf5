"""Values in a JSON mapping, by paths such as ``layers[1].dense.units``."""

from collections.abc import Iterator, Mapping, Sequence


def differing_paths(mappings: Sequence[Mapping[str, object]]) -> list[str]:
    """Return paths of leaves that differ between ``mappings``, sorted."""
    flat = [dict(leaves(mapping)) for mapping in mappings]
    paths = sorted({path for leaf in flat for path in leaf})
    return [path for path in paths if any(leaf.get(path) != flat[0].get(path) for leaf in flat)]


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield every leaf with its path; an empty message is a leaf."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{index}]")
    else:
        yield path, value
