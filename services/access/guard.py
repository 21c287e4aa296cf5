"""Decides on each call: who it is, whether the method is theirs, and that it is not too much."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock

import grpc

from services.access.failures import Failures
from services.access.identities import IdentitiesFile
from services.access.quota import Quota
from services.access.roles import ANYONE, HEALTH, NEEDED, Caller, Role
from services.errors import Forbidden, TooManyCalls, Unauthenticated

_log = logging.getLogger("twinrun.audit")
_BEARER = "Bearer "
MOST_CALLS = 16  # of one caller at once, streams among them
Metadata = Sequence[tuple[str, str | bytes]]


class Guard:
    """Admits callers that ``identities`` names, or whose certificate a runner's CA has signed.

    ``identities``: None where there is no file; ``certificates``: whether clients must have one,
    which TLS has checked; without a file it may do all. ``open_health``: health is everyone's;
    ``insecure``: others reach it, as it is. Without identities and certificates everyone may do
    all. ``upload_bytes``: of a caller in a day.
    """

    def __init__(
        self,
        identities: IdentitiesFile | None = None,
        *,
        certificates: bool = False,
        open_health: bool = False,
        insecure: bool = False,
        upload_bytes: int = 0,
    ) -> None:
        self.insecure = insecure
        self._identities = identities
        self._certificates = certificates
        self._open_health = open_health
        self._failures = Failures()
        self._calls = _Calls()
        self._quota = Quota(upload_bytes)

    @property
    def is_open(self) -> bool:
        """Whether everyone may do all."""
        return self._identities is None and not self._certificates

    def turns_away(self, method: str, metadata: Metadata) -> bool:
        """Return whether the call's headers alone show that it is nobody's.

        Then its request, which may be large, need not be read.
        """
        if self._certificates or self._is_everyones(method):
            return False
        try:
            self._of_token(metadata)
        except Unauthenticated:
            return True
        return False

    @contextmanager
    def admitted(self, method: str, context: grpc.ServicerContext) -> Iterator[Caller]:
        """Let a call in, as its caller's. Raises Unauthenticated, Forbidden, TooManyCalls."""
        if self._is_everyones(method):
            yield ANYONE
            return
        try:
            caller = self.caller(context)
        except Unauthenticated as error:
            if self._failures.holds(context):
                _log.warning("refused: %s from %s: %s", method, context.peer(), error.message)
            raise
        if caller.role < NEEDED.get(method, Role.RUN + 1):
            why = f"the role {caller.role.name.lower()} may not call {method.rpartition('/')[2]}"
            _log.warning("refused: %s by %s from %s", method, caller.name, context.peer())
            raise Forbidden(f"{caller.name}: {why}.")
        with self._calls.counted(caller.name):
            yield caller

    def caller(self, context: grpc.ServicerContext) -> Caller:
        """Return who calls. Raises Unauthenticated."""
        if self.is_open:
            return ANYONE
        found = self._of_token(context.invocation_metadata())
        return self._of_certificate(context) if found is None else found

    def counted(self, context: grpc.ServicerContext, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield what a caller uploads, as far as its quota goes. Raises QuotaExceeded."""
        return self._quota.counted(self.caller(context), chunks)

    def _is_everyones(self, method: str) -> bool:
        return self.is_open or (self._open_health and method.startswith(HEALTH))

    def _of_token(self, metadata: Metadata) -> Caller | None:
        """Return whose token it is. None: none was sent, and a certificate may do.

        Raises Unauthenticated.
        """
        sent = [str(value) for key, value in metadata if key == "authorization"]
        if not sent:
            if self._certificates:
                return None
            raise Unauthenticated("The call has no token.")
        known = None if self._identities is None else self._identities.known()
        if known is None or len(sent) > 1 or not sent[0].startswith(_BEARER):
            raise Unauthenticated("This runner takes no such authorization.")
        found = known.of_token(sent[0].removeprefix(_BEARER))
        if found is None:
            raise Unauthenticated("The token is not known to this runner, or no longer.")
        return found

    def _of_certificate(self, context: grpc.ServicerContext) -> Caller:
        names = _names(context)
        if self._identities is None:
            return Caller(names[0] if names else "a certificate without a name", Role.RUN)
        known = self._identities.known().certificates
        found = next((known[name] for name in names if name in known), None)
        if found is None:
            raise Unauthenticated(
                f"The runner's file of identities has no line for the certificate of "
                f"{', '.join(names)}, and the call has no token."
            )
        return found


def _names(context: grpc.ServicerContext) -> list[str]:
    """Return the names in the client's certificate, which TLS has checked, its own one first."""
    found = context.auth_context()
    both = (*found.get("x509_common_name", ()), *found.get("x509_subject_alternative_name", ()))
    return list(dict.fromkeys(name.decode(errors="replace") for name in both))


class _Calls:
    """Open calls by caller."""

    def __init__(self) -> None:
        self._open = Counter[str]()
        self._counting = Lock()

    @contextmanager
    def counted(self, name: str) -> Iterator[None]:
        with self._counting:
            if self._open[name] >= MOST_CALLS:
                raise TooManyCalls(f"{name} has {MOST_CALLS} calls open, which is the most.")
            self._open[name] += 1
        try:
            yield
        finally:
            with self._counting:
                self._open[name] -= 1
                if not self._open[name]:
                    del self._open[name]
