"""The command line without a comparison's figures: ``python -m tests.integration.undrawn ...``.

To draw them takes longer than all else that a small comparison does, and few tests look at them.
"""

from typing import Any

from orchestrator.figures import renderer


class NoRenderer:
    """In place of what draws in a process of its own."""

    def ready(self) -> None: ...
    def close(self) -> None: ...
    def draw(self, _comparison: Any) -> list[Any]:
        return []


def undrawn() -> None:
    """From now on, for what is not imported yet."""
    renderer.Renderer = NoRenderer


if __name__ == "__main__":
    from orchestrator.cli.main import main

    undrawn()
    main()
