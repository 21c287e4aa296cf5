"""Times variants in turns, so that other load on the machine affects all of them alike."""

import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

Multiply = Callable[[], object]
SIDE = 1024  # of the square matrices whose product gives the machine's rate
PRODUCTS = 20  # in one timing
NUMPY = "products, NumPy"  # the variant of `numpy_products`


@dataclass
class Variant:
    """``run`` runs one epoch, or one timing of products; ``slow`` ones get fewer rounds."""

    run: Callable[[], object]
    slow: bool = False
    seconds: list[float] = field(default_factory=list)


def products(multiply: Multiply) -> Callable[[], None]:
    """Return a function that runs ``multiply``, of SIDE x SIDE matrices, PRODUCTS times."""

    def run() -> None:
        for _ in range(PRODUCTS):
            multiply()

    return run


def numpy_products() -> Callable[[], None]:
    """Return NumPy's products: the same library and yardstick beside every framework."""
    generator = np.random.default_rng(0)
    a, b = generator.random((2, SIDE, SIDE), dtype=np.float32)
    out = np.empty_like(a)
    return products(lambda: np.matmul(a, b, out=out))


def rate(seconds: float) -> float:
    """Return operations a second, from the time of one run of `products`."""
    return PRODUCTS * 2 * SIDE**3 / seconds


def measure(variants: dict[str, Variant], rounds: int, slow_rounds: int) -> None:
    """Time each variant once a round, in an order drawn afresh, after a warm-up of all but slow."""
    order = random.Random(0)  # noqa: S311 - not for secrets
    for number in range(rounds + 1):
        names = [n for n, v in variants.items() if not v.slow or 1 <= number <= slow_rounds]
        order.shuffle(names)
        for name in names:
            start = time.perf_counter()
            variants[name].run()
            seconds = time.perf_counter() - start
            if number:
                variants[name].seconds.append(seconds)


def summary(variants: dict[str, Variant]) -> dict[str, dict[str, float]]:
    """Return seconds of each variant: median, minimum, maximum."""
    return {
        name: {
            "median": statistics.median(variant.seconds),
            "min": min(variant.seconds),
            "max": max(variant.seconds),
            "rounds": len(variant.seconds),
        }
        for name, variant in variants.items()
    }
