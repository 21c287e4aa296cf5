"""A stored figure: SVG, for pages, and PNG."""

from dataclasses import dataclass

TITLE, FOOTER = "title", "footer"  # ids in the SVG


@dataclass(frozen=True, slots=True)
class Drawing:
    """``view_box``: x, y, width, height of the panel alone, in points of the SVG."""

    name: str
    title: str
    view_box: tuple[float, float, float, float]
    svg: bytes
    png: bytes

    def files(self) -> dict[str, bytes]:
        """Return ``<name>.svg`` and ``<name>.png``."""
        return {f"{self.name}.svg": self.svg, f"{self.name}.png": self.png}
