"""The documents as pages of one folder, with links to other files of the project adjusted."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[1]
# Documents outside docs/, and the pages that they become.
_MOVED = {
    "README.md": "index.md",
    "README.zh-TW.md": "index.zh-TW.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "proto/twinrun/v1/job.proto": "reference/protocol.md",
    "proto/twinrun/v1/runner_service.proto": "reference/protocol.md",
}
_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")


def lay_out(target: Path) -> None:
    """Write every document, and copy every other file that one of them links to."""
    for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*")]):
        if path.is_dir():
            continue
        page = target / page_of(path.relative_to(ROOT).as_posix())
        page.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".md":
            text = path.read_text(encoding="utf-8")
            page.write_text(_LINK.sub(_mended(path, page, target), text), encoding="utf-8")
        else:
            shutil.copy(path, page)


def page_of(name: str) -> str:
    """Return where a file of the project is on the site."""
    if name.startswith("docs/"):
        return name.removeprefix("docs/")
    return _MOVED.get(name, f"files/{name}")


def _mended(path: Path, page: Path, target: Path) -> Callable[[re.Match[str]], str]:
    """Return the replacement of a link in ``path`` for use in ``page``."""

    def link(match: re.Match[str]) -> str:
        linked = (path.parent / match[1]).resolve()
        name = linked.relative_to(ROOT).as_posix()
        found = target / page_of(name)
        if page_of(name).startswith("files/"):
            found.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(linked, found)
        return PurePosixPath(os.path.relpath(found, page.parent)).as_posix()

    return link
