"""What a profile says of a GPU: its kernels, and for how long it was busy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinrun.contract.events import Operation

from services.trial.profiles import of_gpu

NAMES = st.sampled_from(["gemm", "add", "Memcpy HtoD (Pageable -> Device)", "MemcpyD2H", "Memset"])
SPANS = st.lists(st.tuples(NAMES, st.integers(0, 50), st.integers(0, 20)), max_size=12)


def test_the_time_in_which_kernels_of_several_streams_run_counts_once():
    found = of_gpu([("a", 0, 10), ("b", 5, 8), ("c", 9, 14), ("a", 20, 21)], 100, 2, 0.5)
    assert (found.kernels, found.steps, found.wall_seconds) == (4, 2, 0.5)
    assert found.busy_seconds == pytest.approx(0.15)
    assert found.total_seconds == pytest.approx(0.19)
    assert found.operations[0] == Operation("a", 2, pytest.approx(0.11))


def test_a_copy_is_no_kernel_but_is_among_the_operations():
    found = of_gpu([("gemm", 0, 10), ("Memcpy DtoH (Device -> Pinned)", 10, 90)], 100, 1, 1.0)
    assert (found.kernels, found.busy_seconds) == (1, pytest.approx(0.1))
    assert found.operations[0].name.startswith("Memcpy")


def test_where_nothing_ran_nothing_is_known():
    found = of_gpu([], 100, 3, 1.0)
    assert (found.kernels, found.busy_seconds, found.operations) == (0, 0.0, ())


@given(SPANS)
def test_it_was_busy_in_each_moment_in_which_some_kernel_ran(spans):
    ended = [(name, start, start + lasted) for name, start, lasted in spans]
    kernels = [each for each in ended if not each[0].startswith(("Memcpy", "Memset"))]
    moments = {moment for _, start, end in kernels for moment in range(start, end)}
    found = of_gpu(ended, 1, 1, 1.0)
    assert found.busy_seconds == len(moments)
    assert found.kernels == len(kernels)
