"""The trials of a certificate, and the task of each."""

from collections.abc import Iterator

from twinrun.contract.converters.specs import spec_from_proto
from twinrun.v1 import job_pb2

# The numbers of a side's trials.
PLAIN, PERTURBED, REPEATED, TIMED, TIMED_PERTURBED, TIMED_REPEATED = range(1, 7)
# How many draws of perturbed initial values a certificate may take. Of 700 honest jobs in float32
# 9 needed more than one: five needed 2, and one each 3, 4, 5 and 9.
MOST_DRAWS = 10
# A short certificate's epochs, and steps of each, including the last batch, in chunks of full
# and of shorter length; the last epoch as a late one of a long job.
SHORT_EPOCHS, SHORT_STEPS, SHORT_CHUNK, LATE_EPOCH = 3, 25, 10, 7
TIMED_STEPS = 101  # a chunk of usual length, and the last batch
_TESTED = 1500  # test samples: more than a batch of them
_PUBLISHED = 10_000  # test samples of every dataset that is downloaded


def takes(spec: job_pb2.JobSpec) -> dict[int, job_pb2.JobSpec]:
    """Return the trials of a short certificate of a completed ``spec``, by number.

    PERTURBED and REPEATED are run if PLAIN is not exact. TIMED ones run as the job is timed, in its
    precision, unless that is float64.
    """
    plain = copied(spec)
    plain.precision, plain.report_step_details = job_pb2.PRECISION_FLOAT64, True
    plain.ClearField("loss_scale")
    plain.epochs, plain.late_epoch = SHORT_EPOCHS, LATE_EPOCH
    plain.steps_per_epoch_limit, plain.report_every_steps = SHORT_STEPS, SHORT_CHUNK
    _limit_tests(plain)
    _show_schedule(plain)
    plain.ClearField("early_stopping")  # which one function decides, from what evaluations report
    specs = with_rounding(plain)
    if spec.precision != job_pb2.PRECISION_FLOAT64:
        timed = first_steps(spec)
        specs |= {TIMED: timed, TIMED_PERTURBED: drawn(timed, 1)}
    return specs


def first_steps(spec: job_pb2.JobSpec) -> job_pb2.JobSpec:
    """Return the first steps of a job as it is timed, and its last one."""
    timed = copied(spec)
    timed.epochs, timed.steps_per_epoch_limit = 1, TIMED_STEPS
    timed.ClearField("early_stopping")
    _limit_tests(timed)
    return timed


def with_rounding(plain: job_pb2.JobSpec) -> dict[int, job_pb2.JobSpec]:
    """Return the trials of ``plain``, and of what rounding alone does to each side."""
    return {PLAIN: plain, PERTURBED: drawn(plain, 1), REPEATED: plain}


def further(number: int, spec: job_pb2.JobSpec) -> Iterator[tuple[int, job_pb2.JobSpec]]:
    """Yield more trials, and their numbers, that may show what a perturbed one of ``spec`` missed.

    ``number``: PERTURBED or TIMED_PERTURBED. Of a timed one first the repetition of the plain one,
    without which nobody knows that what differs by draw does not differ anyway.
    """
    if number == TIMED_PERTURBED:
        yield TIMED_REPEATED, drawn(spec, 0)
    for draw, again in enumerate(draws(number)[1:], 2):
        yield again, drawn(spec, draw)


def draws(number: int) -> list[int]:
    """Return the numbers of the trials of a perturbed one's draws: 2, 22, 32 and so on."""
    return [number, *(10 * draw + number for draw in range(2, MOST_DRAWS + 1))]


def drawn(spec: job_pb2.JobSpec, draw: int) -> job_pb2.JobSpec:
    """Return it with initial values perturbed by a draw from 1; 0: not perturbed."""
    moved = copied(spec)
    moved.perturb_initial_weights = draw
    return moved


def copied(spec: job_pb2.JobSpec) -> job_pb2.JobSpec:
    """Return a copy, to be changed."""
    copy = job_pb2.JobSpec()
    copy.CopyFrom(spec)
    return copy


def _show_schedule(spec: job_pb2.JobSpec) -> None:
    """Have each epoch take the steps of a schedule that show all its phases."""
    schedule = spec_from_proto(spec).optimizer.schedule
    if schedule is not None:
        spec.optimizer.schedule.shown_steps[:] = schedule.marks


def _limit_tests(spec: job_pb2.JobSpec) -> None:
    """Reduce the test samples if there are more."""
    there = _PUBLISHED
    if spec.dataset.name == "synthetic":
        there = spec.dataset.synthetic.test_samples
    elif spec.dataset.HasField("arrays"):
        there = spec.dataset.arrays.test_samples
    limit = spec.dataset.test_limit if spec.dataset.HasField("test_limit") else there
    if limit > _TESTED:
        spec.dataset.test_limit = _TESTED
