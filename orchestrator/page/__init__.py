"""The result of a run, as one page that opens from disk anywhere and needs no network."""

from orchestrator.page.blocks import Page
from orchestrator.page.of_certificate import certificate_page
from orchestrator.page.of_comparison import comparison_page
from orchestrator.page.of_parity import parity_page
from orchestrator.page.of_sweep import sweep_page
from orchestrator.page.of_track import track_page
from orchestrator.page.of_variants import explanation_page, variants_page
from orchestrator.page.render import render

__all__ = [
    "Page",
    "certificate_page",
    "comparison_page",
    "explanation_page",
    "parity_page",
    "render",
    "sweep_page",
    "track_page",
    "variants_page",
]
