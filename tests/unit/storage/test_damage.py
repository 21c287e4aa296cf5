"""Whatever happened to the files of a run: its commands end with a result or with one sentence."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinrun.contract.events import MachineMeasured

from orchestrator import page
from orchestrator.actions import explain, finish, judging, parity, variants
from orchestrator.actions.sweeps import finish as sweeps
from orchestrator.cli.commands import keeping
from orchestrator.cli.pipeline import PipelineOptions
from orchestrator.errors import OrchestratorError, RunUnreadable
from orchestrator.exports.export import export
from orchestrator.language.phrases import LANGUAGES, say, speaking
from orchestrator.reports import history as history_report
from orchestrator.results import history
from orchestrator.results.habits.numbering import number_of
from orchestrator.results.habits.pitfalls import PITFALLS
from orchestrator.results.sweeps import as_dict as swept_mapping
from orchestrator.storage import blocks, clustering
from orchestrator.storage.about import Kind
from orchestrator.storage.clustering import ClusterPlan
from orchestrator.storage.machine import Known, Noise
from orchestrator.storage.store import Run
from orchestrator.trials.mappings.reading import read
from orchestrator.trials.mappings.stored import as_json, fields_of
from orchestrator.trials.spec import message_of
from tests.builders.damaged import damage
from tests.builders.parities import stored
from tests.builders.stored import add_trial, compared, swept, verified

KINDS = (Kind.COMPARE, Kind.VERIFY, Kind.EXPLAIN, Kind.PARITY, Kind.RECIPES, Kind.LOOPS, Kind.SWEEP)
NOISE = Noise(0.9, 1.1, 8, "w", "2026-11-24T00:00:00+00:00")
KNOWN = Known({"pytorch cpu": NOISE}, {"cpu float32": {"pytorch": MachineMeasured(1e9, 2e9)}})
SMALL = {"epochs": 2, "steps": 10}


def judged(output: Path, pairs: int = 2) -> Run:
    run = compared(output, pairs, **SMALL)
    run.write_known(as_json(fields_of(KNOWN)))
    finish.judge(run)
    return run


def clustered(output: Path) -> Run:
    """On two machines, of which one disagrees, and one failed."""
    run = compared(output, 4, **SMALL)
    addresses = {name: {"pytorch": f"{name}:1"} for name in "ab"}
    facts = {"pytorch: cpu_model": "a fake"}
    plan = ClusterPlan("hosts.toml", addresses, facts, "seed", "a", 4, False, True, False, 60.0)
    clustering.write(run, plan)
    for number in range(1, 5):
        blocks.add(run.path, blocks.Ran(number, "ab"[number % 2]))
        if number % 2:
            add_trial(run, "pytorch", number, seconds=[2.0 + 0.01 * number] * 2)
    blocks.add(run.path, blocks.Ran(2, "b", "it was killed"))
    finish.judge(run)
    return run


def explained(output: Path) -> Run:
    run = compared(output, 1, **SMALL, kind=Kind.EXPLAIN)
    for framework in ("pytorch", "tensorflow"):
        add_trial(run, framework, number_of(PITFALLS[0]))
    explain.finish(run, ("pytorch", "tensorflow"))
    return run


def parity_of(output: Path) -> Run:
    run = stored(output)
    parity.finish(run)
    return run


def sweep_of(output: Path) -> Run:
    run = swept(output)
    finished(run)
    return run


def finished(run: Run) -> None:
    """The results of a sweep, without figures."""
    found = sweeps.result_of(run)
    if found is not None:
        run.write_result("sweep", swept_mapping(found[0]))
        page.render(page.sweep_page(found[0], run.about(), found[1], []))


def outer(output: Path, kind: Kind) -> Run:
    run = compared(output, 1, **SMALL, kind=kind)
    shutil.rmtree(run.path / "events")
    for name in {Kind.RECIPES: ("matched", "idiomatic"), Kind.LOOPS: ("fit",)}[kind]:
        shutil.move(judged(output / "elsewhere", 1).path, run.path / name)
    variants.finish(run, kind)
    return run


@dataclass
class Made:
    runs: dict[Kind, Run]
    whole: Run
    folder: Path


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Made:
    """A run of each kind, and one that stays whole."""
    folder = tmp_path_factory.mktemp("runs")
    runs = {
        Kind.COMPARE: clustered(folder / "c"),
        Kind.VERIFY: verified(folder / "v"),
        Kind.EXPLAIN: explained(folder / "e"),
        Kind.PARITY: parity_of(folder / "p"),
        Kind.SWEEP: sweep_of(folder / "s"),
        **{kind: outer(folder / kind, kind) for kind in (Kind.RECIPES, Kind.LOOPS)},
    }
    return Made(runs, judged(folder / "w"), folder)


def remade(run: Run, kind: Kind) -> None:
    """As `report`, without figures."""
    if kind is Kind.COMPARE:
        page.render(page.comparison_page(finish.judge(run), run.about(), []))
    elif kind is Kind.VERIFY:
        page.render(page.certificate_page(judging.again(run, []), run.about(), []))
    elif kind is Kind.EXPLAIN:
        found = explain.found_in(run, ("pytorch", "tensorflow"))
        page.render(page.explanation_page((), run.about(), (), found.passed, found.cautions))
    elif kind is Kind.PARITY:
        parity.finish(run)
    elif kind is Kind.SWEEP:
        finished(run)
    else:
        variants.finish(run, kind)


def commands(run: Run, kind: Kind, made: Made) -> Iterator[Callable[[], object]]:
    def shown(*, as_json: bool = False) -> SimpleNamespace:
        return SimpleNamespace(output=made.folder, as_json=as_json, quiet=True)

    def listed() -> None:
        found = history.entries([run])
        assert list(history_report.lines(found, 80))
        json.dumps(history.as_dicts(found), allow_nan=False)

    names = str(run.path), str(made.whole.path)
    yield listed
    yield lambda: keeping.show(names[0], shown())
    yield lambda: keeping.show(names[0], shown(as_json=True))
    yield lambda: keeping.diff(*names, shown(), PipelineOptions())
    yield lambda: keeping.diff(*reversed(names), shown(as_json=True), PipelineOptions())
    yield lambda: export(run, "csv", made.folder / "csv", force=True)
    yield lambda: export(run, "markdown", made.folder / "markdown", force=True)
    yield lambda: remade(run, kind)


def refusal(command: Callable[[], object], nothing: str) -> str:
    """What the command says of a file that it cannot read; ``nothing``: it read all that it needs.

    Other refusals, such as of two different jobs, are no matter of damage.
    """
    try:
        command()
    except RunUnreadable as error:
        return say(error.message)
    except OrchestratorError as error:
        say(error.message)
    return nothing


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", KINDS)
def test_no_damage_ends_in_a_traceback_and_every_refusal_names_the_file(made, kind, seed, tmp_path):
    random = Random(f"{kind} {seed}")
    run = Run(Path(shutil.copytree(made.runs[kind].path, tmp_path / made.runs[kind].path.name)))
    files = sorted(path for path in run.path.rglob("*.json*") if path.is_file())
    for path in random.choices(files, k=3):
        before = {each: each.read_bytes() for each in files}
        damage(path, random)
        for command in commands(run, kind, made):
            with speaking(random.choice(LANGUAGES)):
                assert path.name in refusal(command, path.name)
        for each, content in before.items():
            each.write_bytes(content)


NUMBERS = st.floats(-1e9, 1e9)


@given(noise=st.builds(Noise, NUMBERS, NUMBERS, st.integers(0, 9), st.text(), st.text()))
def test_what_was_written_is_read(noise):
    known = Known({"pytorch": noise}, KNOWN.rates)
    assert read(Known, json.loads(json.dumps(as_json(fields_of(known)))), "machine.json") == known


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["noise", "rates", "low", "pytorch", "layers", "dense", "dataset", "epochs"]
            ),
            inner,
            max_size=4,
        )
    ),
)


@given(value=VALUES)
def test_whatever_json_is_read_it_is_what_it_should_be_or_refused_by_the_files_name(value):
    for reader in (
        lambda: read(Known, value, "machine.json"),
        lambda: read(Noise, value, "machine.json"),
        lambda: message_of(value, "machine.json"),
    ):
        assert "machine.json" in refusal(reader, "machine.json")


@pytest.mark.parametrize(
    ("found", "named"),
    [
        ({"noise": 3}, "noise is 3, but should be an object"),
        ({"noise": {"a": {"low": 1}}}, "noise.a.high is missing"),
        (
            {"noise": {"a": {**fields_of(NOISE), "pairs": "x"}}},
            "noise.a.pairs is x, but should be a",
        ),
        (
            {"noise": {"a": {**fields_of(NOISE), "low": 1e400}}},
            "noise.a.low is inf, but should be a",
        ),
        ([], r"its contents is \[\], but should be an object"),
    ],
)
def test_a_value_that_does_not_belong_is_named_with_its_place(found, named):
    with pytest.raises(RunUnreadable, match=rf"^machine\.json cannot be read: {named}"):
        read(Known, found, "machine.json")
