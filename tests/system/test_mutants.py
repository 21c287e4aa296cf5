"""Faults that once deceived a certificate are found out, in one process for each framework.

A sample: the first of each folder of a framework's code. `make mutants` tries all, and mechanical
ones too.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePath

import pytest

from tests.mutants.engine import Engine
from tests.mutants.matrix import CASES
from tests.mutants.planted import PLANTED
from tests.mutants.targets import FRAMEWORKS

SAMPLE = {
    PurePath(fault.file).parent: fault
    for fault in reversed(PLANTED)
    if fault.framework in FRAMEWORKS
}.values()


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What became of each fault; the jobs that find them are certified as they are."""
    engine = Engine(tmp_path_factory.mktemp("mutants"))
    wanted = {fault.case for fault in SAMPLE}

    def of(framework: str):
        mine = [fault for fault in SAMPLE if fault.framework == framework]
        return {f"{framework}: {fault.what}": engine.found(fault, kept) for fault in mine}

    try:
        kept = [engine.keep(case, traced=False) for case in CASES if case.name in wanted]
        assert not engine.honest(kept[0])
        with ThreadPoolExecutor() as pool:
            return {name: each for part in pool.map(of, FRAMEWORKS) for name, each in part.items()}
    finally:
        engine.close()


@pytest.mark.parametrize("fault", [f"{fault.framework}: {fault.what}" for fault in SAMPLE])
def test_a_fault_is_found_out(found, fault):
    assert found[fault].caught
