"""Whether a dataset is there or can be had, without fetching it.

``python -m services.data.reach NAME DATA_DIR`` prints nothing if so, else why not.
"""

import contextlib
import os
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from services.data.published import SOURCES
from services.data.source import AnyFile, AnySource, Origin, SourceFault, remedy

_SECONDS = 4.0  # for all answers; a name server has no limit of its own


def fault(name: str, data_dir: Path, sources: Mapping[str, AnySource] = SOURCES) -> str:
    """Return why the dataset cannot be had, in a sentence; empty if its files are there or can.

    All origins are asked at once, and the first that has it is enough. Hashes are checked when it
    is read.
    """
    folder, source = data_dir / name, sources[name]
    missing = [file for file in source.files if not is_there(folder, file)]
    if not missing:
        return ""
    threads = ThreadPoolExecutor(len(source.origins))
    asked = {threads.submit(_fault, origin, missing[0]): origin for origin in source.origins}
    faults = {origin.name: f"no answer within {_SECONDS:g} s" for origin in source.origins}
    with contextlib.suppress(TimeoutError):
        for answer in as_completed(asked, _SECONDS):
            faults[asked[answer].name] = answer.result()
            if not answer.result():
                return ""
    names = ", ".join(file.name for file in missing)
    asked_of = "; ".join(f"{origin}: {said}" for origin, said in faults.items())
    return (
        f"The dataset {name} lacks {names}, and nobody who has it can be reached ({asked_of}). "
        f"{remedy(missing, folder)}"
    )


def is_there(folder: Path, file: AnyFile) -> bool:
    """Return whether the file seems to be in the folder, packed or unpacked."""
    return (folder / file.name).exists() or (folder / file.packed_name).exists()


def _fault(origin: Origin, file: AnyFile) -> str:
    try:
        origin.reach(file)
    except SourceFault as why:
        return str(why)
    return ""


if __name__ == "__main__":
    sys.stdout.write(fault(sys.argv[1], Path(sys.argv[2])))
    sys.stdout.flush()
    os._exit(0)  # threads may still wait for a name server
