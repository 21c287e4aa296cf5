"""The contents of the documents: their commands, their links and their headings."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
_CHINESE = ".zh-TW.md"
TRANSLATIONS = {
    path: path.with_name(path.name.replace(_CHINESE, ".md"))
    for path in DOCUMENTS
    if path.name.endswith(_CHINESE)
}  # and what each is a translation of
_FENCE = re.compile(r" *```(\w*)")
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Block:
    """The commands of one block of ``console``, which a reader runs from top to bottom."""

    path: Path
    line: int
    commands: tuple[str, ...]

    @property
    def place(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"


def blocks(path: Path) -> Iterator[Block]:
    language: str | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        fence = _FENCE.match(line)
        if fence and language is None:
            language, first, lines = fence[1], number, []
        elif fence:
            if language == "console":
                yield Block(path, first, tuple(_commands(lines)))
            language = None
        elif language is not None:
            lines.append(line.strip())


def _commands(lines: list[str]) -> Iterator[str]:
    """Yield lines after a prompt, each with its continuation lines."""
    waiting = iter(lines)
    for line in waiting:
        if line.startswith("$ "):
            command = line.removeprefix("$ ")
            while not _whole(command):
                command = f"{command.removesuffix(chr(92))} {next(waiting)}"
            yield command


def _whole(command: str) -> bool:
    try:
        shlex.split(command, comments=True)
    except ValueError:  # a quotation goes on
        return False
    return not command.endswith("\\")


def words(command: str) -> list[str]:
    """Return a command's words, without its comment and its redirection."""
    found = shlex.split(command, comments=True)
    return found[: found.index(">")] if ">" in found else found


def program(command: str) -> str:
    """Return the program of a command, after the variables that are set for it."""
    return next(word for word in words(command) if "=" not in word)


def prose(path: Path) -> str:
    """Return the document without its blocks; their lines stay, empty."""
    inside, kept = False, []
    for line in path.read_text(encoding="utf-8").splitlines():
        fence = _FENCE.match(line)
        kept.append("" if inside or fence else line)
        inside ^= bool(fence)
    return "\n".join(kept)


def inline(path: Path) -> list[str]:
    """Return the text between single backticks."""
    return _INLINE.findall(re.sub(r"(?<=\S)\n(?=\S)", " ", prose(path)))


def links(path: Path) -> list[str]:
    return _LINK.findall(_INLINE.sub("", prose(path)))


def headings(path: Path) -> list[str]:
    return re.findall(r"^#+ +(.+?) *$", prose(path), re.MULTILINE)


def anchors(path: Path) -> set[str]:
    """Return the anchors of a document's headings, as code hosts generate them."""
    found: set[str] = set()
    for heading in headings(path):
        slug = re.sub(r"[^\w\- ]", "", _LINK.sub("", heading).lower()).replace(" ", "-")
        copies = sum(known == slug or known.startswith(f"{slug}-") for known in found)
        found.add(f"{slug}-{copies}" if slug in found else slug)
    return found
