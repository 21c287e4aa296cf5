"""Every command of the documents, as it stands there, against real runners on fake frameworks."""

import shutil

import pytest

from tests.builders.reader import Reader
from tests.documents import DOCUMENTS, TRANSLATIONS, Block, blocks, program, words


def of_orchestrator(command: str) -> bool:
    return program(command) == "orchestrator"


BLOCKS = [
    block
    for path in DOCUMENTS
    if path not in TRANSLATIONS  # which have the same commands
    for block in blocks(path)
    if any(map(of_orchestrator, block.commands))
]
RUN: set[tuple[str, ...]] = set()


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_a_reader_can_run_each_line_of_a_block_after_the_other(shelf, tmp_path, block: Block):
    shutil.copytree(shelf.directory / "runs", tmp_path / "runs")
    reader = Reader(tmp_path, shelf.env, shelf.pytorch, shelf.second)
    for command in filter(of_orchestrator, block.commands):
        known = tuple(words(command))
        if ">" in command or known not in RUN:  # many stand in several documents
            done = reader.run(command)
            assert done.returncode == 0, f"{command}\n{done.stderr}"
            RUN.add(known)
