"""The command line where there are more frameworks: ``python -m tests.integration.several ...``.

Six beside the two that there are; nobody listens at their ports. DRAWN=1: with figures.
"""

import os

from orchestrator.frameworks import FRAMEWORKS, Framework
from tests.integration.undrawn import undrawn

MORE = tuple(f"other{number}" for number in range(1, 7))

if __name__ == "__main__":
    for place, name in enumerate(MORE):
        FRAMEWORKS[name] = Framework(name, name.title(), 1, f"#{place}0{place}0{place}0", "s")
    if not os.environ.get("DRAWN"):
        undrawn()
    from orchestrator.cli.main import main  # its flags are made of the registry

    main()
