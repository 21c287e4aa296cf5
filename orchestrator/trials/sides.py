"""The sides of a comparison: mostly a framework each; in an A/A test one framework twice.

A side is a name: that of its framework, or of one of the two that are the same: ``pytorch-a``.
"""


def framework_of(side: str) -> str:
    """The framework that a side's trials run on."""
    return side.partition("-")[0]


def twice(framework: str) -> tuple[str, str]:
    """Two sides of the same framework."""
    return f"{framework}-a", f"{framework}-b"


def are_the_same(sides: tuple[str, ...]) -> bool:
    """Whether there are several sides, all of one framework: an A/A test."""
    return len(sides) > 1 and len({framework_of(side) for side in sides}) == 1
