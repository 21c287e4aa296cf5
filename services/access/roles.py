"""Callers, their roles, and the role that each method needs."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass


class Role(enum.IntEnum):
    """What a caller may do; a larger one may do all that a smaller one may."""

    NONE = 0  # known, but without a role: nothing
    WATCH = 1  # read jobs, events, weights and logits
    RUN = 2  # submit, cancel and upload, too


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the name that a token or a client certificate stands for."""

    name: str
    role: Role


# Whoever reaches a runner that asks for no identity: on the same machine, or with --insecure.
ANYONE = Caller("", Role.RUN)

_RUNNER = "/twinrun.v1.RunnerService/"
HEALTH = "/grpc.health.v1.Health/"
_REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/"
# A method that is missing here is closed to everyone who needs an identity.
NEEDED: Mapping[str, Role] = {
    _RUNNER + "GetServerInfo": Role.WATCH,
    _RUNNER + "UploadBlob": Role.RUN,
    _RUNNER + "GetBlob": Role.RUN,  # tells whether somebody has uploaded a file
    _RUNNER + "FindPort": Role.RUN,
    _RUNNER + "Train": Role.RUN,
    _RUNNER + "Evaluate": Role.RUN,
    _RUNNER + "Measure": Role.RUN,
    _RUNNER + "Summarize": Role.RUN,
    _RUNNER + "Preview": Role.RUN,
    _RUNNER + "Trace": Role.RUN,
    _RUNNER + "WatchJob": Role.WATCH,
    _RUNNER + "GetJob": Role.WATCH,
    _RUNNER + "ListJobs": Role.WATCH,
    _RUNNER + "CancelJob": Role.RUN,
    _RUNNER + "DownloadWeights": Role.WATCH,
    _RUNNER + "DownloadLogits": Role.WATCH,
    HEALTH + "Check": Role.WATCH,
    HEALTH + "Watch": Role.WATCH,
    _REFLECTION + "ServerReflectionInfo": Role.WATCH,
}
