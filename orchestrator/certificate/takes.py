"""The trials of a certificate, and the task of each."""

from twinrun.v1 import job_pb2

# The numbers of a side's trials.
PLAIN, PERTURBED, REPEATED, TIMED, TIMED_PERTURBED = range(1, 6)
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
    plain.epochs, plain.late_epoch = SHORT_EPOCHS, LATE_EPOCH
    plain.steps_per_epoch_limit, plain.report_every_steps = SHORT_STEPS, SHORT_CHUNK
    _limit_tests(plain)
    specs = with_rounding(plain)
    if spec.precision != job_pb2.PRECISION_FLOAT64:
        timed = copied(spec)
        timed.epochs, timed.steps_per_epoch_limit = 1, TIMED_STEPS
        _limit_tests(timed)
        moved = copied(timed)
        moved.perturb_initial_weights = True
        specs |= {TIMED: timed, TIMED_PERTURBED: moved}
    return specs


def with_rounding(plain: job_pb2.JobSpec) -> dict[int, job_pb2.JobSpec]:
    """Return the trials of ``plain``, and of what rounding alone does to each side."""
    moved = copied(plain)
    moved.perturb_initial_weights = True
    return {PLAIN: plain, PERTURBED: moved, REPEATED: plain}


def copied(spec: job_pb2.JobSpec) -> job_pb2.JobSpec:
    """Return a copy, to be changed."""
    copy = job_pb2.JobSpec()
    copy.CopyFrom(spec)
    return copy


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
