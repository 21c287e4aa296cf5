"""A real runner on a fake framework: ``python -m tests.integration.fake_runner FAKE [options]``."""

import sys

from services import server
from services.frameworks import FRAMEWORKS, Framework


def main() -> int:
    fake, *options = sys.argv[1:]
    for name, framework in list(FRAMEWORKS.items()):
        module = f"tests.integration.fakes.{fake}"
        FRAMEWORKS[name] = Framework(module, requires="numpy", port=framework.port)
    server.LINGER_SECONDS = 0.6  # so that no test waits for half a minute
    return server.main(options)


if __name__ == "__main__":
    sys.exit(main())
