"""The search for the largest batch, by tries that are known beforehand."""

import pytest

from orchestrator.language.phrases import stored
from orchestrator.reports.grid import Said
from orchestrator.reports.largest import report
from orchestrator.results.largest import Tried, as_dict, find

WHY = stored("Memory ran out.")


def of(largest: int, samples: int = 60_000):
    """What tries come to where so many fit, and which batches were tried."""
    asked = list[int]()

    def attempt(size: int) -> Tried:
        asked.append(size)
        if size <= largest:
            return Tried(size, None, 10 * size, samples)
        return Tried(size, WHY)

    return attempt, asked


@pytest.mark.parametrize("first", [1, 3, 64, 700, 4096])
@pytest.mark.parametrize("largest", [1, 2, 63, 64, 65, 700, 2047, 30_000])
def test_without_tolerance_the_answer_is_exact(first, largest) -> None:
    attempt, asked = of(largest)
    found = find("pytorch", first, 0.0, attempt)
    assert found.best is not None
    assert found.best.batch_size == largest
    assert found.above is not None
    assert found.above.batch_size == largest + 1
    assert found.stopped == WHY
    assert len(asked) == len(set(asked)) < 32


def test_it_ends_when_what_does_not_fit_is_near_enough() -> None:
    attempt, asked = of(1000)
    found = find("pytorch", 64, 0.05, attempt)
    assert asked == [64, 128, 256, 512, 1024, 768, 896, 960, 992]
    assert (found.best.batch_size, found.above.batch_size) == (992, 1024)


def test_a_batch_of_all_samples_ends_it() -> None:
    attempt, asked = of(10**9, samples=1000)
    found = find("pytorch", 64, 0.05, attempt)
    assert asked[-1] == 1000
    assert found.above is None
    assert str(found.stopped) == "nothing: all 1,000 training samples fit into one batch"


def test_not_even_one_may_fit() -> None:
    attempt, asked = of(0)
    found = find("pytorch", 8, 0.05, attempt)
    assert asked == [8, 4, 2, 1]
    assert found.best is None
    assert found.stopped == WHY
    said = [part.text for part in report([found], 10**9) if isinstance(part, Said)]
    assert said[1] == "PyTorch: not even a batch of 1 fits: Memory ran out."


def test_no_last_batch_of_one_sample_is_asked_for() -> None:
    attempt, asked = of(500, samples=257)
    find("pytorch", 64, 0.0, attempt)
    assert all(257 % size != 1 for size in asked[1:])


def test_the_result_in_json() -> None:
    attempt, _ = of(1000)
    told = as_dict([find("pytorch", 64, 0.05, attempt)], 4 * 10**9)
    (side,) = told["sides"]
    assert told["memory_limit_bytes"] == 4 * 10**9
    assert (side["largest_batch"], side["peak_memory_bytes"]) == (992, 9920)
    assert (side["next_batch"], side["stopped_by"]) == (1024, "Memory ran out.")
    assert side["tried"][0]["batch_size"] == 64
