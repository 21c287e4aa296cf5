"""The gate: honest reports pass as they are, and what is changed passes whole or is refused."""

import contextlib
import copy
import math

import pytest
from google.protobuf.descriptor import FieldDescriptor as Kind
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twinrun.contract.converters.specs import spec_to_proto
from twinrun.contract.enums import JobState
from twinrun.v1 import job_pb2

from orchestrator.errors import WrongReport
from orchestrator.gate import others
from orchestrator.gate.expected import expected
from orchestrator.gate.fault import Fault, Origin
from orchestrator.gate.refusal import REASON, refusal
from orchestrator.gate.report import _REPORTS, Gate
from orchestrator.settings import config, workloads
from orchestrator.trials.fold import fold
from orchestrator.trials.text import clean_message
from services.runner.validation import valid_spec
from tests.builders.lying import KINDS, put, report
from tests.builders.texts import HARMFUL

ORIGIN = Origin("pytorch", "127.0.0.1:1", "pytorch-1")
ALWAYS = {"elapsed": lambda: 1e9}
TRAIN = job_pb2.JOB_KIND_TRAIN


def spec(**changes):
    fields = {
        "dataset.synthetic": {"train_samples": 95, "test_samples": 20, "height": 4, "width": 4},
        "epochs": 2,
        "batch_size": 10,
        "report_every_steps": 4,
        "layers": [{"flatten": {}}, {"dense": {"units": 10}}],
        "threads": 1,
        **changes,
    }
    return spec_to_proto(valid_spec(config.job_spec("synthetic-mlp", fields), 2))


SPECS = [
    spec(),
    spec(epochs=1, batch_size=200),
    spec(report_step_details=True, precision="PRECISION_FLOAT64"),
    spec(steps_per_epoch_limit=3),
    spec(**{"dataset.validation_fraction": 0.3}),
    spec(own_ways=["OWN_WAY_BATCH_ORDER"], profile=True),
    spec(**{"augmentation.flip": 0.5, "dataset.train_limit": 31}),
    spec(recipe="RECIPE_IDIOMATIC"),
]


def gate(of, kind=TRAIN, elapsed=lambda: 1e9):
    return Gate(ORIGIN, job_pb2.Job(job_id="pytorch-1", kind=kind, spec=of), elapsed)


def passed(events, of, kind=TRAIN, **given):
    """Through a gate of its own, to the job's end."""
    through = gate(of, kind, **given)
    found = [through.admit(event) for event in events]
    state = events[-1].state_changed.state if events else job_pb2.JOB_STATE_RUNNING
    through.end(job_pb2.Job(state=state))
    return found


def honest(of, kind=TRAIN, weights=None):
    told = report(of, kind, weights)
    if kind == TRAIN and not of.report_step_details and of.recipe == job_pb2.RECIPE_IDIOMATIC:
        assert not told.of("inputs")[0].batch_order_sha256
    return told


@pytest.mark.parametrize("of", SPECS)
def test_an_honest_report_passes_unchanged(of):
    told = honest(of)
    before = copy.deepcopy(told.events)
    assert passed(told.events, of) == before


@pytest.mark.parametrize("kind", set(KINDS) - {TRAIN})
def test_an_honest_report_of_another_kind_of_job_passes_unchanged(kind):
    of = spec(**{"dataset.train_limit": 8})
    weights = report(of, TRAIN).files[2] if kind == job_pb2.JOB_KIND_EVALUATE else None
    told = honest(of, kind, weights)
    before = copy.deepcopy(told.events)
    assert passed(told.events, of, kind) == before


def test_every_beginning_of_an_honest_report_that_ends_in_a_failure_passes():
    told = report(SPECS[0], TRAIN)
    for count in range(2, len(told.events)):
        passed([*copy.deepcopy(told.events[:count]), refusal(count + 1, "why")], SPECS[0])


def test_a_job_that_diverges_is_honest():
    told = report(SPECS[2], TRAIN)
    for steps in told.of("steps_finished"):
        put(steps, "losses", [math.nan] * len(steps.losses))
        put(steps, "details.ordered_losses", [math.inf] * len(steps.losses))
        put(steps.details.gradient_norms[0], "norms", [-math.inf] * len(steps.losses))
    for epoch in told.of("epoch_finished"):
        put(epoch, "train_loss", math.nan)
        put(epoch, "test.loss", math.inf)
    passed(told.events, SPECS[2])


def without_short_batches(of):
    """Of 95 samples the last batch of an epoch has 5, and is a chunk of its own."""
    told, events, first = report(of, TRAIN), [], 0
    last = None
    for event in told.events:
        if event.HasField("epoch_finished"):
            events.remove(last)
            first -= 1
        if event.HasField("steps_finished"):
            last, event.steps_finished.first_step = event, first
            first += len(event.steps_finished.losses)
        events.append(event)
    told.events = events
    return told.numbered().events


@pytest.mark.parametrize("keep_best", [False, True])
def test_a_job_ends_early_by_its_rule_alone(keep_best):
    rule = {"patience": 2, "min_delta": 100, "keep_best": keep_best}  # none is better
    of = spec(**{"dataset.validation_fraction": 0.3, "epochs": 9, "early_stopping": rule})
    told = report(of, TRAIN)
    assert len(told.of("epoch_finished")) == 3
    assert passed(told.events, of) == told.events
    all_of_them = spec(**{"dataset.validation_fraction": 0.3, "epochs": 9})
    with pytest.raises(WrongReport, match="with which training ends by the rule of early stop"):
        passed(report(all_of_them, TRAIN).events, of)
    with pytest.raises(WrongReport):
        passed(told.events, all_of_them)


def test_a_short_last_batch_may_be_left_out_where_the_job_lets_that_in():
    of = spec(own_ways=["OWN_WAY_LAST_BATCH"])
    passed(report(of, TRAIN).events, of)
    passed(without_short_batches(of), of)
    with pytest.raises(
        WrongReport, match=r"len\(steps\) is 9, but should be a number from 10 to 10"
    ):
        passed(without_short_batches(SPECS[0]), SPECS[0])


def test_what_a_looked_at_job_of_an_earlier_version_does_not_tell_is_not_asked_for():
    events = [e for e in report(SPECS[0], TRAIN).events if not e.HasField("logits_saved")]
    for sequence, event in enumerate(events, start=1):
        event.sequence = sequence
    passed(copy.deepcopy(events), SPECS[0], elapsed=None)
    with pytest.raises(WrongReport, match="without logits_saved"):
        passed(events, SPECS[0])


def test_a_time_longer_than_the_job_is_old_is_refused():
    told = report(SPECS[0], TRAIN)
    put(told.of("epoch_finished")[0], "evaluate_duration", 3_000.0)
    with pytest.raises(WrongReport, match="since the job was submitted"):
        passed(told.events, SPECS[0], elapsed=lambda: 60.0)


def test_every_kind_of_event_is_known_to_the_gate():
    kinds = {field.name for field in job_pb2.JobEvent.DESCRIPTOR.oneofs_by_name["event"].fields}
    kinds -= {"heartbeat"}  # which the client keeps to itself
    assert set().union(*_REPORTS.values()) == set(gate(SPECS[0])._looks) == kinds
    assert set(_REPORTS) == set(job_pb2.JobKind.values()) - {0}


# ------------------------------------------------------------------- any one change of a report


def fields(message, path=""):
    """Every number, text and list below a message, by its path."""
    for field, value in message.ListFields():
        here = f"{path}.{field.name}" if path else field.name
        if field.type != Kind.TYPE_MESSAGE:
            yield here, field
        elif field.is_repeated and not field.message_type.GetOptions().map_entry:
            for index, each in enumerate(value):
                yield from fields(each, f"{here}[{index}]")
        elif not field.is_repeated:
            yield from fields(value, here)


NUMBERS = st.sampled_from([0, 1, -1, 2, 3, 20, 2**31 - 1, -(2**31)])
FLOATS = st.one_of(
    st.sampled_from([0.0, -1.0, 1.0, 5.0, math.nan, math.inf, -math.inf, 1e300]), st.floats()
)
TEXTS = st.one_of(st.sampled_from(HARMFUL), st.text(st.characters(exclude_categories=["Cs"])))
VALUES = {
    Kind.TYPE_DOUBLE: FLOATS,
    Kind.TYPE_STRING: TEXTS,
    Kind.TYPE_BOOL: st.booleans(),
}


@st.composite
def mutated(draw):
    of = draw(st.sampled_from(SPECS))
    told = report(of, TRAIN)
    event = draw(st.sampled_from(told.events))
    what = draw(st.sampled_from(["field", "drop", "again", "swap"]))
    if what == "field":
        path, field = draw(st.sampled_from(list(fields(event))))
        values = VALUES.get(field.type, NUMBERS)
        put(event, path, draw(st.lists(values, max_size=9) if field.is_repeated else values))
        return of, told.events
    place = told.events.index(event)
    other = draw(st.integers(0, len(told.events) - 1))
    match what:
        case "drop":
            del told.events[place]
        case "again":
            told.events.insert(other, copy.deepcopy(event))
        case "swap":
            told.events[place], told.events[other] = told.events[other], event
    return of, told.numbered().events


def admitted(through, events):
    """What passed, and why no more did."""
    kept = []
    try:
        kept += map(through.admit, events)  # what came before a fault is in it
        through.end(job_pb2.Job(state=job_pb2.JOB_STATE_SUCCEEDED))
    except WrongReport as error:
        return kept, error.message
    return kept, None


@settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(mutated())
def test_any_one_change_of_a_report_passes_whole_or_is_refused_in_one_sentence(changed):
    of, events = changed
    kept, fault = admitted(gate(of), events)
    if fault is not None:
        assert fault.startswith(
            "The pytorch runner at 127.0.0.1:1 sent an impossible report of the job"
        )
        assert fault.isprintable()
        assert len(fault) < 1_000
        kept.append(refusal(len(kept) + 1, fault))
    for event in kept:
        cleaned = copy.deepcopy(event)
        clean_message(cleaned)
        assert cleaned == event
    trial = fold("pytorch", 1, kept)
    assert len(trial.losses) <= 2 * 10
    assert all(0 <= epoch.test_accuracy <= 1.001 for epoch in trial.epochs)
    assert all(1e-6 <= epoch.train_seconds < 1e9 for epoch in trial.epochs)
    if trial.state is JobState.FAILED:
        assert trial.error.reason == REASON


def test_every_presets_job_has_the_tensors_that_its_report_announces():
    for preset in workloads.presets():
        of = spec_to_proto(valid_spec(config.job_spec(preset.name, {}), 2))
        assert gate(of)._expected.model is not None


def test_a_gpu_is_not_busy_for_longer_than_the_profiled_steps_took():
    def profiled(busy, wall):
        given = job_pb2.Profiled(steps=4, kernels=8)
        given.busy_duration.FromMilliseconds(busy)
        given.wall_duration.FromMilliseconds(wall)
        return given

    others.check_profile(profiled(100, 100))
    others.check_profile(job_pb2.Profiled(steps=4))
    with pytest.raises(Fault, match=r"profiled\.busy_duration"):
        others.check_profile(profiled(200, 100))
    with pytest.raises(Fault, match=r"profiled\.calls"):
        others.check_profile(job_pb2.Profiled(steps=4, calls=-1))


def test_a_rate_of_starts_may_be_missing_but_not_impossible():
    rates = {"operations_per_second": 1e9, "bytes_per_second": 1e9}
    others.check_measured(job_pb2.MachineMeasured(**rates))
    for wrong in (-1.0, 1e300):
        with pytest.raises(Fault, match=r"machine_measured\.calls_per_second"):
            others.check_measured(job_pb2.MachineMeasured(**rates, calls_per_second=wrong))


@pytest.mark.parametrize(("is_code", "refused"), [(True, False), (False, True)])
def test_only_code_that_is_not_paired_may_have_no_known_parameters(is_code, refused):
    asked = spec(recipe="RECIPE_IDIOMATIC")
    inputs = copy.deepcopy(report(asked, TRAIN).of("inputs")[0])
    inputs.parameter_count = 0
    if is_code:
        asked.ClearField("layers")
        asked.code.pytorch.file = "net.py"
    with pytest.raises(Fault, match="parameter_count") if refused else contextlib.nullcontext():
        expected(asked).check_inputs(inputs)
