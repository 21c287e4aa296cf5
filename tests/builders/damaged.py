"""Damages files of a run at random, as disks, editors and other versions do."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

DEEP = "@deep@"
# In place of a value of a file.
JUNK: tuple[Any, ...] = (
    *(None, True, -1, 1.5, 99, 10**30, float("nan"), float("inf"), {}, [], [[]], {"a": {}}, DEEP),
    *("text", "", "PRECISION_OF_A_LATER_VERSION", "\x1b[31m{x}", "NaN", "-1s"),
)
GONE, MORE, TWICE = "gone", "more", "twice"


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner: Any = value.items() if isinstance(value, dict) else ()
    for key, each in enumerate(value) if isinstance(value, list) else inner:
        yield from places(each, (*path, key))


def changed(text: str, random: Random) -> str:
    """JSON with one value changed, removed, added or doubled."""
    root = [json.loads(text)]
    *above, key = random.choice(list(places(root))[1:])
    parent: Any = root
    for step in above:
        parent = parent[step]
    how = random.choice([GONE, MORE, TWICE, *JUNK])
    if how == GONE and parent is not root:
        del parent[key]
    elif how == MORE and isinstance(parent, dict):
        parent["of_a_later_version"] = random.choice(JUNK)
    elif how == TWICE and isinstance(parent, list) and parent is not root:
        parent.append(parent[key])
    else:
        parent[key] = how
    depth = random.choice([50, 100_000])
    return json.dumps(root[0]).replace(f'"{DEEP}"', "[" * depth + "]" * depth)


def damage(path: Path, random: Random) -> None:
    """Damage one file: the JSON of it or of one of its lines, rarely its bytes."""
    content = path.read_bytes()
    if random.random() < 0.1:
        at = random.randrange(len(content))
        end = random.choice([b"", bytes([random.randrange(256)]) + content[at + 1 :]])
        path.write_bytes(content[:at] + end)
        return
    lines = content.decode().splitlines() if path.suffix == ".jsonl" else [content.decode()]
    at = random.randrange(len(lines))
    if len(lines) > 1 and random.random() < 0.1:
        del lines[at]
    else:
        lines[at] = changed(lines[at], random)
    path.write_text("\n".join(lines) + "\n")
