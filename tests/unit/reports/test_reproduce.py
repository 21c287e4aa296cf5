"""What is to be typed to run the same again is the same."""

import dataclasses
import shlex

import pytest
from twinrun.contract.converters.specs import spec_to_proto
from twinrun.contract.enums import Precision, Recipe

from orchestrator.cli.main import group
from orchestrator.cli.options import JobOptions
from orchestrator.reports.reproduction import of_certificates, of_comparison, of_sweep
from orchestrator.results.comparison import compare
from orchestrator.results.sweeps import Sweep
from orchestrator.settings import config
from orchestrator.storage.about import About, Kind
from orchestrator.trials.spec import spec_from_mapping
from tests.builders import proofs
from tests.builders.events import trial
from tests.builders.proofs import certified
from tests.builders.stored import SPEC_OF_MNIST

SAME = certified()
MNIST = spec_from_mapping(SPEC_OF_MNIST, "a test")


def parsed(found):
    """The command's name and parameters, as the command line takes them."""
    program, name, *rest = shlex.split(found.lines[-1])
    assert program == "orchestrator"
    command = group().commands[name]
    return name, command.make_context(name, rest).params


def trials_of(spec, *given):
    return [dataclasses.replace(each, spec=spec) for each in given]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def asked(found, here, params):
    """The spec that the command would send."""
    (here / found.file).write_text(found.job)
    names = [field.name for field in dataclasses.fields(JobOptions)]
    job = JobOptions(**{name: params[name] for name in names})
    return job.title, config.job_spec(job.workload, job.changes())


def test_the_command_holds_the_whole_spec(here):
    comparison = compare(MNIST, trials_of(MNIST, trial("pytorch"), trial("tensorflow")), SAME)
    found = of_comparison(comparison, "mnist-mlp")
    name, params = parsed(found)
    title, spec = asked(found, here, params)
    assert (name, title) == ("compare", "mnist-mlp")
    assert spec == spec_to_proto(MNIST)
    assert (params["repeats"], params["certify"]) == (1, True)


def test_repetitions_and_what_was_left_out_are_asked_for_again():
    given = [trial(name, number) for number in (1, 2) for name in ("pytorch", "tensorflow")]
    spec = dataclasses.replace(MNIST, recipe=Recipe.IDIOMATIC)
    _, params = parsed(of_comparison(compare(spec, trials_of(spec, *given)), "w"))
    assert (params["repeats"], params["same_seed"], params["recipe"]) == (2, True, "idiomatic")
    matched = compare(MNIST, trials_of(MNIST, *given))
    assert parsed(of_comparison(matched, "w"))[1]["certify"] is False


def test_machines_that_trained_together_are_asked_for_again():
    comparison = compare(MNIST, trials_of(MNIST, trial("pytorch"), trial("tensorflow")), SAME)
    assert parsed(of_comparison(comparison, "w"))[1]["over"] is None
    several = dataclasses.replace(comparison, over=("a", "b"))
    assert parsed(of_comparison(several, "w"))[1]["over"] == "hosts.toml"


def test_an_a_a_test_and_one_framework_alone_are_asked_for_as_they_were():
    twice = [trial("pytorch-a"), trial("pytorch-b")]
    comparison = compare(MNIST, trials_of(MNIST, *twice))
    _, params = parsed(of_comparison(comparison, "w"))
    assert params["twice"] == "pytorch"
    alone = compare(MNIST, trials_of(MNIST, trial("tensorflow")))
    name, params = parsed(of_comparison(alone, "w"))
    assert (name, params["framework"]) == ("train", "tensorflow")


def test_a_certificate_is_made_again_with_its_epochs_precision_and_threads(here):
    job = dataclasses.replace(MNIST, precision=Precision.FLOAT64, threads=1)
    found = of_certificates([dataclasses.replace(proofs.made(), job=job)], "mnist-mlp")
    name, params = parsed(found)
    _, spec = asked(found, here, params)
    assert name == "verify"
    assert spec.threads == 2  # which the two share
    spec.threads = 1
    assert spec == spec_to_proto(job)


def test_the_code_is_named_where_it_was_one_commit_without_changes():
    def lines(commit):
        made = trials_of(MNIST, trial("pytorch"))
        made[0].environment.git_commit = commit
        return of_comparison(compare(MNIST, made), "w").lines

    assert lines("abc")[:2] == ["git checkout abc", "make setup"]
    assert len(lines("abc+changes")) == len(lines("")) == 1


def test_a_name_with_a_space_or_worse_stays_one_word():
    alone = compare(MNIST, trials_of(MNIST, trial("pytorch")))
    line = of_comparison(alone, "my job; rm -rf *").lines[-1]
    assert shlex.split(line)[-1] == "my job; rm -rf *.yaml"


def test_versions_are_made_first_and_named_as_sides():
    sides = ("pytorch-2.13.0", "pytorch-2.14.1,threads=1")
    given = [dataclasses.replace(trial(name, 1), spec=MNIST) for name in sides]
    found = of_comparison(compare(MNIST, given), "mnist-mlp")
    assert found.lines[:2] == [
        "make setup TORCH_VERSION=2.13.0",
        "make setup TORCH_VERSION=2.14.1",
    ]
    name, params = parsed(found)
    assert (name, params["side"]) == ("compare", ["pytorch-2.13.0", "pytorch-2.14.1: threads=1"])
    cell = compare(MNIST, given)
    about = About("r", Kind.SWEEP, "mnist-mlp", None, sides)
    swept = of_sweep(Sweep({"batch_size": [16, 64]}, [], [], []), [cell], about)
    assert swept.lines[:2] == found.lines[:2]
    name, params = parsed(swept)
    assert (name, params["side"]) == ("sweep", ["pytorch-2.13.0", "pytorch-2.14.1: threads=1"])
