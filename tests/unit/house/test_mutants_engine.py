"""The engine certifies an honest case as `verify` does: by as many draws as it takes."""

import pytest

from tests.mutants import engine, judge
from tests.mutants.matrix import CASES

ROUNDED = next(case for case in CASES if case.name.startswith("bfloat16"))
MORE = judge.further(ROUNDED.spec(), judge.OF_TIMED)


@pytest.fixture
def decided(monkeypatch, tmp_path):
    """Return what judges a case as undecided until so many further draws are there."""

    def make(draws):
        taken: list[int] = []
        monkeypatch.setattr(engine.Side, "take", lambda _, *numbers: taken.extend(numbers))
        monkeypatch.setattr(engine.Side, "evaluate", lambda *_: None)

        def judged(_, **__):
            undecided = MORE[draws - 1] not in taken if draws <= len(MORE) else True
            which = judge.OF_TIMED if undecided else None
            return judge.Verdict(not undecided, "weights differ", which)

        monkeypatch.setattr(judge, "judged", judged)
        made = engine.Engine(tmp_path)
        return made, taken

    return make


def test_an_honest_case_takes_draws_until_they_decide(decided):
    made, taken = decided(3)
    assert made.keep(ROUNDED).case is ROUNDED
    assert set(MORE) & set(taken) == set(MORE[:3])


def test_a_case_that_no_draw_decides_is_an_error_after_all_of_them(decided):
    made, taken = decided(len(MORE) + 1)
    with pytest.raises(ValueError, match="weights differ"):
        made.keep(ROUNDED)
    assert set(MORE) <= set(taken)
