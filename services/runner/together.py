"""A job of several machines: what a runner checks of its part, and where the parts may meet."""

import socket

from twinrun.contract.converters.rule import Reader
from twinrun.contract.group import ALONE, Group, group_violations
from twinrun.contract.spec import JobSpec
from twinrun.contract.violation import Violation
from twinrun.v1 import runner_service_pb2

from services.runner.validation import check

_OWN = (runner_service_pb2.PROCESS_USE_UNSPECIFIED, runner_service_pb2.PROCESS_USE_OWN)

_NOT_ALLOWED = (
    "is set, and this runner trains no job together with other machines: start it with "
    "--allow-together, in a network that nobody else reaches, since what such machines send each "
    "other is neither encrypted nor authenticated"
)


def group_of(request: runner_service_pb2.TrainRequest, spec: JobSpec, *, allowed: bool) -> Group:
    """Return the machines that train the job of a request together. Raises InvalidRequest."""
    if not request.HasField("group"):
        return ALONE
    reader = Reader(has_defaults=True)
    group = reader.read(request.group, Group, "group")
    if not allowed:  # whoever reaches the ports of such a job may do what the runner can
        check([Violation("group", _NOT_ALLOWED)])
    faults = [*reader.violations, *group_violations(group, spec)]
    if request.process not in _OWN:
        faults.append(Violation("process", "is shared; a part of a job has a process of its own"))
    check(faults)
    return group


def free_port() -> int:
    """Return a TCP port of this machine at which nothing listens now."""
    with socket.socket() as found:
        found.bind(("", 0))
        port: int = found.getsockname()[1]
    return port
