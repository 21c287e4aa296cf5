"""Every lie, by its name."""

from tests.integration.lies import of_answers, of_events, of_files, of_traces
from tests.integration.lies.table import CASES, Case

__all__ = ["CASES", "Case", "of_answers", "of_events", "of_files", "of_traces"]
