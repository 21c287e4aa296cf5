"""``python -m bench.gpu.busy``: keep the first card busy with products until it is ended."""

import importlib
import importlib.util

from services.frameworks import own

SIDE = 4096  # of the square matrices


def main() -> None:
    there = [name for name, each in own().items() if importlib.util.find_spec(each.requires)]
    product = importlib.import_module(f"bench.gpu.loops.{there[0]}").product(SIDE)
    print("busy", flush=True)
    while True:
        product()


if __name__ == "__main__":
    main()
