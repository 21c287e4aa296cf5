"""What an explanation runs: each difference is let in alone, under the number of its row."""

from pathlib import Path
from types import SimpleNamespace

from orchestrator.actions import explain
from orchestrator.results.habits.numbering import repetition_of
from orchestrator.results.habits.pitfalls import PITFALLS
from orchestrator.settings import config
from orchestrator.settings.sides import sides

SPEC = config.job_spec("synthetic-mlp", {})


def test_each_row_is_of_trials_with_its_own_way_alone(monkeypatch):
    monkeypatch.setattr(explain, "why_none", lambda *_: None)  # every one touches it
    run = SimpleNamespace(trials=list)
    display = SimpleNamespace(say=lambda _: None)
    both = sides(["pytorch", "tensorflow"], SPEC)
    request = explain.ExplanationRequest(
        *("w", SPEC, both, Path()), pitfalls=PITFALLS, repeats=2, all_pairs=True, idiomatic=True
    )
    placed = list(explain._placements(SPEC, {}, request, run, display))
    for pitfall in (None, *PITFALLS):
        own = [each for each in placed if repetition_of(each.number, pitfall=pitfall) is not None]
        ways = [] if pitfall is None else [pitfall.way]
        assert [list(each.spec.own_ways) for each in own] == 4 * [ways]
        assert [each.spec.seed for each in own] == [SPEC.seed, SPEC.seed, *2 * [SPEC.seed + 1]]
        assert {each.side for each in own} == {"pytorch", "tensorflow"}
        assert own[0].side != own[2].side  # they take turns to be first
