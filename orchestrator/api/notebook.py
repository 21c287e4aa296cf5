"""A result -> HTML for a notebook's cell: verdict, table, evidence, a figure.

It is self-contained: nothing is fetched, and no script runs.
"""

import base64
from collections.abc import Iterable, Iterator
from html import escape

from orchestrator.language.phrases import say
from orchestrator.language.words import KEPT
from orchestrator.reports.comparison import caution_text, sentences
from orchestrator.reports.grid import Part
from orchestrator.reports.table import note, table
from orchestrator.reports.writers import notebook
from orchestrator.results.comparison import Comparison


def page(comparison: Comparison, path: str, svg: str) -> str:
    """Return the HTML; ``svg``: a figure, shown as an image; empty: none."""
    finding, *rest = sentences(comparison)
    numbers = table(comparison)
    return "".join(
        [
            f"<div><p><strong>{escape(finding)}</strong></p>",
            notebook.table(numbers) if numbers.rows else "",
            f"<p>{escape(below)}</p>" if (below := note(comparison)) else "",
            *(f"<p>{escape(sentence)}</p>" for sentence in rest),
            *_warnings(comparison),
            *_image(finding, svg),
            f"{_kept(path)}</div>",
        ]
    )


def report(finding: str, parts: Iterable[Part], path: str, svg: str) -> str:
    """Return the HTML of a run of another kind, as `page`."""
    return f"<div>{notebook.report(parts)}{''.join(_image(finding, svg))}{_kept(path)}</div>"


def answer(finding: str, faults: Iterable[str], parts: Iterable[Part], svg: str) -> str:
    """Return the HTML of what is no run; ``faults`` come first."""
    said = "".join(f"<p><strong>{escape(fault)}</strong></p>" for fault in faults)
    return f"<div>{said}{notebook.report(parts)}{''.join(_image(finding, svg))}</div>"


def _kept(path: str) -> str:
    return f"<p><small>{escape(say(KEPT, path=path))}</small></p>"


def _warnings(comparison: Comparison) -> Iterator[str]:
    if comparison.cautions:
        items = (
            f"<li><code>{escape(caution.code)}</code> {escape(caution_text(caution))}</li>"
            for caution in comparison.cautions
        )
        yield f"<ul>{''.join(items)}</ul>"


def _image(text: str, svg: str) -> Iterator[str]:
    """Embed it as an image, so that its names and styles do not affect the notebook."""
    if svg:
        data = base64.b64encode(svg.encode()).decode()
        yield (
            f'<p><img alt="{escape(text)}" style="max-width: 100%; background: white" '
            f'src="data:image/svg+xml;base64,{data}"></p>'
        )
