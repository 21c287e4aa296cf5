"""The entry point of a runner: ``python -m services.server --framework pytorch``."""

import sys

from services.runner.server import main

if __name__ == "__main__":
    sys.exit(main())
