"""The flags of a job: one list, of which the command line and the functions are made."""

import inspect
import json

import pytest
from twinrun.contract.regularization import Clip, ClipByGlobalNorm
from twinrun.contract.schedules import ConstantRate, Cosine, Schedule
from twinrun.contract.stopping import EarlyStopping
from twinrun.v1 import job_pb2

import orchestrator
from orchestrator.cli.main import group
from orchestrator.errors import BadInput, Refused
from orchestrator.frameworks import FRAMEWORKS
from orchestrator.settings import config, workloads
from orchestrator.settings.job import FLAGS, SCHEDULES, JobFlags, choices
from orchestrator.trials.metrics import ACCURACY, target_of
from orchestrator.trials.spec import spec_of

VALUES = {int: 3, float: 0.5}


def value_of(name):
    """Something that the flag may be."""
    kind = FLAGS[name][1].__args__[0]
    return choices(name)[1] if choices(name) else VALUES[kind]


OF_A_FILE = {"data", "target", "code"}  # test_own_data.py and test_own_code.py have these
OF_PARTS = {"reach", "schedule", "clip_norm", "patience"}


@pytest.mark.parametrize("name", sorted(FLAGS.keys() - OF_A_FILE - OF_PARTS))
def test_a_flag_sets_the_field_of_the_job_that_it_names(name):
    job = JobFlags(**{name: value_of(name)})
    ((path, _),) = job.changes().items()
    spec = config.job_spec(job.workload, job.changes())
    *parents, field = path.split(".")
    for parent in parents:
        spec = getattr(spec, parent)
    held = getattr(spec, field)
    kind = spec.DESCRIPTOR.fields_by_name[field].enum_type
    if kind is not None:
        held = kind.values_by_number[held].name.removeprefix(f"{field}_".upper()).lower()
    assert held == value_of(name)


@pytest.mark.parametrize("given", [{"reach": "accuracy=0.5"}, {"target_accuracy": 0.5}])
@pytest.mark.parametrize("own", [{"target_accuracy": 0.9}, {"target": {"value": 0.9}}, {}])
def test_a_target_replaces_the_workloads_own_in_whichever_field_it_is(tmp_path, own, given):
    workload = {**workloads.load("synthetic-mlp"), "target_accuracy": None} | own
    path = tmp_path / "own.yaml"
    path.write_text(json.dumps({name: v for name, v in workload.items() if v is not None}))
    job = JobFlags(workload=str(path), **given)
    spec = spec_of(config.job_spec(job.workload, job.changes()), "a test")
    assert target_of(spec) == (ACCURACY, 0.5)
    assert (spec.target is None) != (spec.target_accuracy is None)


@pytest.mark.parametrize("text", ["0.9", "accuracy", "accuracy=", "accuracy=high", "="])
def test_a_target_without_metric_and_value_is_refused(text):
    with pytest.raises(BadInput, match="METRIC=VALUE"):
        JobFlags(reach=text).changes()


def optimizer_of(workload=None, **flags):
    job = JobFlags(workload=workload, **flags)
    return spec_of(config.job_spec(job.workload, job.changes()), "a test").optimizer


@pytest.mark.parametrize("kind", SCHEDULES)
def test_a_schedule_of_so_many_steps_has_them(kind):
    found = optimizer_of(schedule=f"{kind}=400", warmup=30).schedule
    assert found.warmup_steps == 30
    assert getattr(found.kind, SCHEDULES[kind]) == 400


def test_every_kind_of_schedule_that_has_steps_has_a_flag():
    kinds = job_pb2.Schedule.DESCRIPTOR.oneofs_by_name["kind"].fields
    assert {kind.name for kind in kinds} - {"constant"} == SCHEDULES.keys()


def test_a_warm_up_alone_is_followed_by_a_constant_rate():
    assert optimizer_of(warmup=30).schedule == Schedule(ConstantRate(), 30)


def test_flags_take_the_place_of_a_workloads_own_schedule_and_clipping(tmp_path):
    own = {"schedule": {"cosine": {"steps": 9}}, "clip": {"value": {"limit": 1}}}
    mapping = workloads.load("synthetic-mlp")
    path = tmp_path / "own.yaml"
    path.write_text(json.dumps({**mapping, "optimizer": {**mapping["optimizer"], **own}}))
    found = optimizer_of(str(path), schedule="step=50", clip_norm=0.5)
    assert found.schedule.kind.every == 50
    assert found.clip == Clip(ClipByGlobalNorm(0.5))
    assert optimizer_of(str(path), warmup=4).schedule == Schedule(Cosine(9), 4)


def test_a_flag_of_early_stopping_needs_validation_samples():
    changes = JobFlags(patience=4).changes()
    with pytest.raises(Refused, match="needs validation samples"):
        config.job_spec(None, changes)
    spec = config.job_spec(None, {**changes, "dataset.validation_fraction": 0.1})
    assert spec_of(spec, "a test").early_stopping == EarlyStopping(4)


@pytest.mark.parametrize("text", ["cosine", "cosine=", "cosine=2.5", "cosin=5", "=5", "cosine=-1"])
def test_a_schedule_without_kind_and_steps_is_refused(text):
    with pytest.raises(BadInput, match="KIND=STEPS"):
        JobFlags(schedule=text).changes()


@pytest.mark.parametrize("command", ["compare", "train", "verify", "explain", "env", "summary"])
def test_the_command_line_has_each_flag_with_its_help(command):
    known = {parameter.name: parameter for parameter in group().commands[command].params}
    for name, (flag, _) in FLAGS.items():
        assert known[name].opts == [f"--{name.replace('_', '-')}"]
        assert known[name].help.startswith(flag.help)  # one command may add to it
        assert known[name].rich_help_panel == "The job"


def test_the_function_has_each_flag_and_each_framework_as_a_keyword():
    known = inspect.signature(orchestrator.compare).parameters
    assert known.keys() >= FLAGS.keys() | {each.word for each in FRAMEWORKS.values()}
    assert all(known[name].default is None for name in FLAGS)
    assert not [p for p in known.values() if p.kind is p.VAR_KEYWORD]


def test_a_keyword_that_is_none_is_an_error_as_of_every_function():
    with pytest.raises(TypeError, match="epoch"):
        orchestrator.compare(epoch=3)


def test_what_is_not_given_changes_nothing_and_what_is_no_choice_is_refused():
    assert JobFlags().changes() == {}
    assert config.job_spec("mnist-mlp", {}) == config.job_spec("mnist-mlp", JobFlags().changes())
    assert isinstance(config.job_spec("mnist-mlp", {}), job_pb2.JobSpec)
    with pytest.raises(BadInput, match="device is 'gpu'; it can be cpu, cuda"):
        JobFlags(device="gpu").changes()


def test_more_than_eight_sides_are_refused_and_said_to_be_too_many(monkeypatch):
    for number in range(9 - len(FRAMEWORKS)):
        monkeypatch.setitem(FRAMEWORKS, f"other{number}", next(iter(FRAMEWORKS.values())))
    nine = ",".join(FRAMEWORKS)
    assert len(config.frameworks(nine)) == 9  # as `jobs` and `env` list them
    assert len(config.compared(nine.rpartition(",")[0])) == 8
    with pytest.raises(BadInput) as caught:
        config.compared(nine)
    assert caught.value.message == "A comparison takes at most 8 sides, and these are 9."
    with pytest.raises(BadInput, match="at most 8 sides"):
        orchestrator.compare(frameworks=nine)


@pytest.mark.parametrize(
    ("field", "near"),
    [
        ("epocs", "epochs"),
        ("batchsize", "batch_size"),
        ("learning_rate", "optimizer.learning_rate"),
        ("optimizer.learing_rate", "optimizer.learning_rate"),
        ("optimizer.adam.epsilonn", "optimizer.adam.epsilon"),
        ("optimizer.adam.lr", "optimizer.learning_rate"),
        ("optimizer.adam.learning_rate", "optimizer.learning_rate"),
    ],
)
def test_a_field_that_is_none_is_refused_with_the_one_that_is_near(field, near):
    with pytest.raises(BadInput) as caught:
        config.job_spec("mnist-mlp", {field: 1})
    assert caught.value.message == f"The job spec has no field {field}; did you mean {near}?"


def test_a_field_that_is_near_to_none_is_refused_with_those_that_there_are():
    with pytest.raises(BadInput, match="no field zzz; choose from dataset, layers, optimizer"):
        config.job_spec("mnist-mlp", {"zzz": 1})
    with pytest.raises(BadInput, match="epochs has no fields"):
        config.job_spec("mnist-mlp", {"epochs.first": 1})


def test_a_value_that_no_field_can_hold_is_refused_in_words_of_ours():
    with pytest.raises(BadInput) as caught:
        config.job_spec("mnist-mlp", {"epochs": "three", "precision": "float8"})
    assert caught.value.message == (
        "The workload mnist-mlp with these flags is not a valid job: epochs is 'three'; it must be "
        "a number; precision is 'float8'; it must be float32 or float64 or bfloat16 or float16."
    )


def test_a_refusal_that_asks_ends_with_its_question():
    with pytest.raises(BadInput) as caught:
        config.job_spec("mnist-mlp", {"optimizer": "sgd"})
    assert caught.value.message.endswith("optimizer is 'sgd'; did you mean {sgd: {}}?")


def test_an_enum_is_set_by_its_short_name():
    spec = config.job_spec("mnist-mlp", {"precision": "float64", "augmentation": None})
    assert spec.precision == job_pb2.PRECISION_FLOAT64


def test_a_framework_that_is_named_twice_is_refused_with_what_was_meant():
    with pytest.raises(BadInput, match="names pytorch twice; 'orchestrator compare --aa pytorch'"):
        config.compared("pytorch, pytorch")


def test_a_scale_of_the_workload_goes_with_its_precision(tmp_path):
    file = tmp_path / "short.yaml"
    shown = {**config.workloads.load("synthetic-mlp"), "precision": "float16", "loss_scale": 256}
    file.write_text(json.dumps(shown))
    assert config.job_spec(str(file), {}).loss_scale == 256
    assert config.job_spec(str(file), {"precision": "float16"}).loss_scale == 256
    assert not config.job_spec(str(file), {"precision": "float64"}).HasField("loss_scale")
    with pytest.raises(Refused, match="loss_scale is of float16, but precision is float64"):
        config.job_spec(str(file), {"precision": "float64", "loss_scale": 2})
