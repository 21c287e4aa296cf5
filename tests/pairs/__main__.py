"""Pairs and trains every pair of the corpus, and looks for every planted fault: ``make ports``.

Exits with 1 if a pair's losses disagree or a fault is called the same.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from twinrun.contract.data_dir import BLOBS

from tests.builders.ports import FAULTS, PORTS
from tests.pairs import corpus
from tests.pairs.engine import FRAMEWORKS, Sides

_EPOCHS = 10  # 60 steps


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.pairs", description=__doc__)
    parser.add_argument("--of", nargs="*", default=[port.name for port in PORTS], help="pairs")
    parser.add_argument("--sides", nargs=2, default=FRAMEWORKS, help="frameworks")
    asked, began = parser.parse_args(), time.monotonic()
    ports = [p for p in PORTS if p.name in asked.of and p.is_written_for(*asked.sides)]
    planted = [fault for fault in FAULTS if fault.port in ports and fault.side in asked.sides]
    with tempfile.TemporaryDirectory(prefix="ports-") as place:
        folder = Path(place)
        os.environ["TWINRUN_DATA_DIR"] = str(folder / "data")
        (folder / "data" / BLOBS).mkdir(parents=True)
        with Sides(folder / "jobs", folder / "data", asked.sides) as sides:
            pairs = []
            for port in ports:
                pairs.append(corpus.trained(port, sides, folder / "data", _EPOCHS))
                print(f"{port.name}: {pairs[-1]}", flush=True)
            faults = []
            for fault in planted:
                faults.append(corpus.found(fault, sides, folder / "data"))
                if not faults[-1].whole:
                    print(faults[-1], flush=True)
    paired = [pair for pair in pairs if not pair.told]
    agree, same = sum(pair.agrees for pair in paired), sum(fault.same for fault in faults)
    print(
        f"\n{len(pairs)} pairs: {len(paired)} are paired, {agree} agree.\n"
        f"{len(faults)} faults: {sum(fault.located for fault in faults)} are located, "
        f"{sum(fault.named for fault in faults)} are named, {same} are called the same.\n"
        f"{time.monotonic() - began:.0f} s"
    )
    return 1 if agree < len(paired) or same else 0


if __name__ == "__main__":
    sys.exit(main())
