"""Finds the changes in a history of runs, and writes their figures and their page."""

from collections.abc import Sequence
from pathlib import Path

from orchestrator.results.quantities import Quantity
from orchestrator.results.track import Track, as_dict
from orchestrator.results.track.series import track
from orchestrator.storage.files import dumps, write_whole, writing
from orchestrator.storage.store import Run

PAGE = "report.html"
DATA = "track.json"


def run_track(runs: Sequence[Run], rate: float, quantity: Quantity, folder: Path) -> Track:
    """Track ``quantity`` over ``runs``, oldest first, and write the result into ``folder``.

    ``rate``: as in `Track`. Raises OutputError.
    """
    from orchestrator import page  # noqa: PLC0415 - take a while to import
    from orchestrator.figures import tracks  # noqa: PLC0415 - take a while to import

    found = track(runs, rate, quantity)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    drawings = [canvas.drawing() for canvas in tracks.canvases(found)]
    for drawing in drawings:
        for name, content in drawing.files().items():
            write_whole(folder / "figures" / name, content)
    write_whole(folder / DATA, dumps(as_dict(found)))
    write_whole(folder / PAGE, page.render(page.track_page(found, drawings)))
    return found
