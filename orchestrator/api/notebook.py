"""A comparison -> HTML for a notebook's cell: verdict, table, what it rests on, a figure.

Everything is in it; nothing is fetched, and no script runs.
"""

import base64
from collections.abc import Iterator, Sequence
from html import escape

from orchestrator.language.phrases import say
from orchestrator.language.words import KEPT, label
from orchestrator.reports.comparison import caution_text, ratio_headings, sentences
from orchestrator.reports.rows import Row, with_ratios
from orchestrator.reports.table import table_rows
from orchestrator.results.comparison import Comparison

_RIGHT = ' style="text-align: right"'
_LEFT = ' style="text-align: left"'


def page(comparison: Comparison, path: str, svg: str) -> str:
    """``svg``: a figure, shown as an image; empty: none."""
    finding, *rest = sentences(comparison)
    return "".join(
        [
            f"<div><p><strong>{escape(finding)}</strong></p>",
            *_table(comparison, table_rows(comparison)),
            *(f"<p>{escape(sentence)}</p>" for sentence in rest),
            *_warnings(comparison),
            *_image(finding, svg),
            f"<p><small>{escape(say(KEPT, path=path))}</small></p></div>",
        ]
    )


def _table(comparison: Comparison, rows: Sequence[Row]) -> Iterator[str]:
    if not rows:
        return
    headings, lines = with_ratios(rows, ratio_headings(comparison))
    names = [*map(label, comparison.trials), *headings]
    head = "".join(f'<th scope="col"{_RIGHT}>{escape(name)}</th>' for name in names)
    yield f"<table><thead><tr><td></td>{head}</tr></thead><tbody>"
    for name, *cells in lines:
        shown = "".join(f"<td{_RIGHT}>{escape(cell)}</td>" for cell in cells)
        yield f'<tr><th scope="row"{_LEFT}>{escape(name.strip())}</th>{shown}</tr>'
    yield "</tbody></table>"


def _warnings(comparison: Comparison) -> Iterator[str]:
    if comparison.cautions:
        told = (
            f"<li><code>{escape(caution.code)}</code> {escape(caution_text(caution))}</li>"
            for caution in comparison.cautions
        )
        yield f"<ul>{''.join(told)}</ul>"


def _image(text: str, svg: str) -> Iterator[str]:
    """As an image, so that neither its names nor its styles meet those of the notebook."""
    if svg:
        data = base64.b64encode(svg.encode()).decode()
        yield (
            f'<p><img alt="{escape(text)}" style="max-width: 100%; background: white" '
            f'src="data:image/svg+xml;base64,{data}"></p>'
        )
