"""Which frameworks a command takes if none is named: those that the job's code is for."""

from collections.abc import Sequence

from twinrun.v1 import job_pb2

from orchestrator.frameworks import usual, with_code


def frameworks(named: Sequence[str], spec: job_pb2.JobSpec) -> tuple[str, ...]:
    """Return those that are ``named``; if they are the usual ones, those of the job's code.

    Code for one framework is compared with the layers on a usual one.
    """
    coded = with_code(spec)
    if tuple(named) != usual() or not {*coded} - {*usual()}:
        return tuple(named)
    beside = [name for name in usual() if name not in coded][: len(coded) < 2]
    return (*beside, *coded)
