"""Writes the pages of the site into ``build/docs``, from which ``make docs`` builds it."""

import shutil

from reference import cli, pages, protocol

_TARGET = pages.ROOT / "build/docs"


def main() -> None:
    shutil.rmtree(_TARGET, ignore_errors=True)
    pages.lay_out(_TARGET)
    made = _TARGET / "reference"
    made.mkdir()
    (made / "cli.md").write_text(cli.page(), encoding="utf-8")
    (made / "protocol.md").write_text(protocol.page(), encoding="utf-8")


if __name__ == "__main__":
    main()
