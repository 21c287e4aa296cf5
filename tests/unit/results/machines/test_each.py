"""What each machine of a comparison came to, in results and reports."""

import dataclasses

import pytest

from orchestrator.actions import finish
from orchestrator.certificate import certificate_file
from orchestrator.certificate.certificates import Certificates, none_made
from orchestrator.errors import RunUnreadable
from orchestrator.language.phrases import stored
from orchestrator.reports import comparison as report
from orchestrator.reports.writers import plain
from orchestrator.results.comparison_file import as_dict
from orchestrator.storage import blocks, clustering, store
from orchestrator.storage.about import Kind
from orchestrator.storage.blocks import Ran
from orchestrator.storage.clustering import ClusterPlan
from tests.builders.scripted import BOTH
from tests.builders.stored import add_trial, compared

PLAN = ClusterPlan("hosts.toml", {}, {}, "seed", "a", 12, False, True, False, 60.0)

LATER = "After some of the blocks no more ran on {machine}: {why}"


def over(output, where, pairs=12, *, certifies=True):
    """A run whose blocks ran on machines: ``where`` gives that of a number.

    ``certifies``: its certificate's trials ran in it, and were not taken from an earlier run.
    """
    run = compared(output, pairs)
    clustering.write(run, PLAN)
    if certifies:
        about = run.about()
        store.within(run, store.CERTIFICATE, Kind.VERIFY, about.sides, run.spec())
    for number in range(1, pairs + 1):
        blocks.add(run.path, blocks.at(number, where(number)))
    return run


def text(run):
    return plain.report(report.report(finish.comparison_of(run)))


def test_each_machine_has_its_own_ratio_and_the_interval_covers_machines(tmp_path):
    run = over(tmp_path, lambda number: "abc"[number % 3])
    found = finish.comparison_of(run)
    assert found.verdict.machines == 3
    assert found.machines.blocks == {"a": 4, "b": 4, "c": 4}
    (pair,) = found.machines.pairs
    assert [each.machine for each in pair.machines] == ["a", "b", "c"]
    assert not any(each.disagrees for each in pair.machines)
    said = " ".join(text(run).split())
    assert "12 pairs on 3 machines, which it covers too" in said
    assert "The certificate was made on a." in said
    assert as_dict(found)["machines"]["blocks"] == {"a": 4, "b": 4, "c": 4}


def test_a_certificate_of_an_earlier_run_was_made_on_no_machine_of_this_one(tmp_path):
    found = finish.comparison_of(over(tmp_path, lambda _: "a", certifies=False)).machines
    assert found.certified_on is None
    (said,) = found.sentences[1:]
    assert said == (
        "The certificate was taken from an earlier run of the same job by runners of the same "
        "build; on which machine that was is not stored."
    )


def test_what_could_not_be_certified_was_made_nowhere(tmp_path):
    run = over(tmp_path, lambda _: "a")
    bad = Certificates([none_made(stored("it broke"), "pytorch", "tensorflow")])
    run.write_certificate(certificate_file.as_dict(bad))
    assert len(finish.comparison_of(run).machines.sentences) == 1


def test_one_machine_is_as_without_a_cluster_and_says_so(tmp_path):
    run = over(tmp_path / "one", lambda _: "a")
    alone = finish.comparison_of(compared(tmp_path / "none", 12))
    found = finish.comparison_of(run)
    assert found.verdict == dataclasses.replace(alone.verdict, machines=1)
    assert "All blocks ran on one machine, a" in " ".join(text(run).split())
    assert alone.machines is None
    assert "machines" not in as_dict(alone)


def test_a_machine_that_disagrees_is_named(tmp_path):
    run = over(tmp_path, lambda number: "abc"[number % 3])
    for number in range(1, 13):
        if number % 3 == 1:  # PyTorch takes twice as long there
            add_trial(run, "pytorch", number, seconds=[1.1 + 0.01 * number] * 3)
    found = finish.comparison_of(run)
    (caution,) = [each for each in found.cautions if each.code == "MACHINES_DISAGREE"]
    assert caution.sentence.startswith("b disagrees with the other machines")
    (row,) = [line for line in text(run).splitlines() if line.startswith("b ")]
    assert "*" in row


def test_failures_are_told_and_their_blocks_count_once(tmp_path):
    run = over(tmp_path, lambda number: "ab"[number % 2])
    blocks.add(run.path, Ran(3, "c", "it burns"))
    blocks.add(run.path, Ran(4, "c", "it burned"))
    blocks.add(run.path, Ran(0, "d", "nobody answers"))
    found = finish.comparison_of(run)
    assert found.verdict.pairs == 12
    said = [e.sentence for e in found.cautions if e.code == "MACHINE_FAILED"]
    assert said == [
        "c failed in a block, 2 times in all; at last: it burned",
        "None of the blocks ran on d: nobody answers",
    ]


def test_a_machine_that_is_away_later_keeps_its_blocks_and_its_failures(tmp_path):
    """Planted: b failed once, ran blocks, and did not answer the command that went on."""
    run = over(tmp_path, lambda number: "ab"[number % 2])
    blocks.add(run.path, Ran(3, "b", "it burned"))
    blocks.add(run.path, Ran(0, "b", "nobody answers"))
    add_trial(run, "pytorch", 13, seconds=[1.0])  # a block of no pair: the other side failed
    blocks.add(run.path, Ran(13, "e"))
    blocks.add(run.path, Ran(0, "e", "it is off"))
    cautions = finish.comparison_of(run).cautions
    assert [e.sentence for e in cautions if e.code == "MACHINE_FAILED"] == [
        "b failed in a block, 1 times in all; at last: it burned",
        LATER.format(machine="b", why="nobody answers"),
        LATER.format(machine="e", why="it is off"),
    ]


def on_gpus(number, sign="#"):
    """Two machines with four GPUs each, of which each runs two of sixteen blocks."""
    machine, gpu = divmod(number % 8, 4)
    return f"{'ab'[machine]}{sign}{gpu}"


def test_several_gpus_of_a_machine_are_one_machine_in_the_interval(tmp_path):
    """The trap: eight places of two machines that differ, taken for eight machines."""
    places = {
        "gpus": on_gpus,
        "machines": lambda number: on_gpus(number)[0],
        "apart": lambda number: on_gpus(number, "-"),
    }
    verdicts = {}
    for name, where in places.items():
        run = over(tmp_path / name, where, 16)
        for number in range(1, 17):
            if on_gpus(number).startswith("b"):
                add_trial(run, "pytorch", number, seconds=[0.65 + 0.001 * number] * 3)
        verdicts[name] = finish.comparison_of(run).verdict
    assert verdicts["gpus"] == verdicts["machines"]
    assert verdicts["gpus"].machines == 2
    wide, narrow = (verdicts[name].high / verdicts[name].low for name in ("gpus", "apart"))
    assert wide > 2 * narrow, "the trap is not shown"


def test_that_trials_shared_a_machine_is_said_before_all_else(tmp_path):
    run = over(tmp_path / "many", on_gpus, 16)
    run.write_certificate(certificate_file.as_dict(Certificates([none_made(stored("x"), *BOTH)])))
    first, *others = finish.comparison_of(run).cautions
    assert first.code == "GPUS_TOGETHER"
    assert first.sentence.startswith("On a and b blocks ran on several GPUs of the machine at once")
    assert others
    found = finish.comparison_of(run).machines
    assert found.blocks == {"a": 8, "b": 8}
    assert as_dict(finish.comparison_of(run))["machines"]["together"] == ["a", "b"]


def test_a_machine_of_which_one_gpu_had_blocks_was_shared_by_none(tmp_path):
    """And of one whose second GPU failed in each, the trials had shared it."""
    run = over(tmp_path, lambda number: f"{'ab'[number % 2]}#0")
    assert finish.comparison_of(run).machines.together == []
    blocks.add(run.path, blocks.at(3, "b#1", "it burned"))
    blocks.add(run.path, blocks.at(0, "b#2", "nobody answers"))
    cautions = finish.comparison_of(run).cautions
    assert cautions[0].sentence.startswith("On b blocks ran on several GPUs")
    assert [e.sentence for e in cautions if e.code == "MACHINE_FAILED"] == [
        "b#1 failed in a block, 1 times in all; at last: it burned",
        "None of the blocks ran on b#2: nobody answers",
    ]


def test_damaged_blocks_are_named_and_the_rest_is_shown(tmp_path):
    run = over(tmp_path, lambda number: "ab"[number % 2])
    path = run.path / "blocks.jsonl"
    path.write_bytes(path.read_bytes() + b'{"block": "x"}\n')
    with pytest.raises(RunUnreadable, match=r"blocks\.jsonl, line 13"):
        run.trials()
    found = finish.comparison_of(run)
    assert any(each.code == "FILE_DAMAGED" for each in found.cautions)
    path.write_bytes(b"{}\n")
    with pytest.raises(RunUnreadable):
        run.trials()
    path.write_bytes(b'{"block": 1, "machine": "a"}\n{"blo')  # cut off by a kill
    assert blocks.machines(run.path) == {1: "a"}
