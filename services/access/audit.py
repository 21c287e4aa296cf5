"""Notes who had what done: a line for each job, cancellation and upload, and never a token."""

import logging
from typing import Any

import grpc
from twinrun.v1 import job_pb2, runner_service_pb2

from services.access.roles import NEEDED, Caller, Role

_log = logging.getLogger("twinrun.audit")


def note(method: str, caller: Caller, context: grpc.ServicerContext, answer: Any) -> None:
    """Note a call that was answered, if it needs the role to run."""
    if not caller.name or NEEDED.get(method) is not Role.RUN:
        return
    match answer:
        case job_pb2.Job():
            what = answer.job_id
        case runner_service_pb2.Blob():
            what = answer.sha256
        case runner_service_pb2.FindPortResponse():
            return  # nothing was done
        case _:
            raise TypeError(answer)
    if what:  # a job that was only validated has no id
        name = method.rpartition("/")[2]
        _log.info("%s by %s from %s: %s", name, caller.name, context.peer(), what)
