"""A drawing as a part of a page: in the page's type and colours, without its own title."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from orchestrator.figures.drawing import FOOTER, TITLE, Drawing
from orchestrator.language.palette import FAINT, GREY, HALF, PALE, lighter
from orchestrator.page.blocks import Figure

_SVG = "http://www.w3.org/2000/svg"
_HREF = "{http://www.w3.org/1999/xlink}href"
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_DROPPED = ("metadata", "style")
# The page's own colours for elements that belong to no side.
_NEUTRAL = {
    "#000000": "var(--ink)",
    "#ffffff": "var(--card)",
    GREY.lower(): "var(--muted)",
    "#e0e0e0": "var(--rule)",
    "#cccccc": "var(--rule)",
    FAINT.lower(): "var(--rule)",
}


def inlined(
    drawing: Drawing, title: str, caption: str, colours: Sequence[str], *, wide: bool = False
) -> Figure:
    """Inline a drawing; ``colours`` of the sides, in the page's order."""
    root = ET.fromstring(drawing.svg)  # noqa: S314 - what was drawn here
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.removeprefix(f"{{{_SVG}}}") in _DROPPED or child.get("id") in (
                TITLE,
                FOOTER,
            ):
                parent.remove(child)
    marks, words = _page_colours(colours, "mark"), _page_colours(colours, "text")
    for element in root.iter():
        is_text = element.tag == f"{{{_SVG}}}text"
        _rename(element, drawing.name)
        for name in ("style", "fill", "stroke"):
            if name in element.attrib:
                element.set(name, _recoloured(element.attrib[name], words if is_text else marks))
    attributes = {
        "viewBox": " ".join(f"{part:g}" for part in drawing.view_box),
        "role": "img",
        "aria-label": drawing.title,
    }
    root.attrib.clear()
    root.attrib.update(attributes)
    return Figure(drawing.name, title, caption, Markup(_written(root)), wide)  # noqa: S704


def _page_colours(colours: Sequence[str], use: str) -> dict[str, str]:
    replacements = dict(_NEUTRAL)
    for index, colour in enumerate(colours):
        name = f"var(--{use}-{index})"
        replacements[colour.lower()] = name
        for share in (HALF, PALE):
            mixed = f"color-mix(in srgb, {name} {100 * (1 - share):.0f}%, var(--card))"
            replacements[_hex(lighter(colour, share))] = mixed
    return replacements


def _hex(colour: Sequence[float]) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in colour)


def _recoloured(value: str, colours: Mapping[str, str]) -> str:
    return _COLOUR.sub(lambda found: colours.get(found[0], found[0]), value)


def _rename(element: ET.Element, name: str) -> None:
    """Prefix ids with the figure's name, because ids are global to the page."""
    if "id" in element.attrib:
        element.set("id", f"{name}-{element.attrib['id']}")
    if _HREF in element.attrib:
        element.set("href", f"#{name}-{element.attrib.pop(_HREF).removeprefix('#')}")
    for key, value in element.attrib.items():
        if "url(#" in value:
            element.set(key, _REFERENCE.sub(rf"url(#{name}-\1)", value))


def _written(root: ET.Element) -> str:
    ET.register_namespace("", _SVG)
    return ET.tostring(root, encoding="unicode")
