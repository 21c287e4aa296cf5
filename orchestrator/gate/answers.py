"""A runner's answers other than reports: about itself, its jobs, and a requested job."""

import re
import time
from collections.abc import Callable, Iterator

from google.protobuf.message import Message
from twinrun.v1 import job_pb2, runner_service_pb2

from orchestrator.gate import others
from orchestrator.gate.fault import AT_MOST, ONE_OF, Origin, require, require_from
from orchestrator.gate.files import require_digest
from orchestrator.gate.spec import check_completed, check_taken
from orchestrator.language.phrases import Phrase, english
from orchestrator.trials.mappings import values
from orchestrator.trials.text import clean_message

Stored = job_pb2.Arrays | job_pb2.StoredFile
_AS_ASKED = Phrase("{asked}, as requested")
_AN_ID = Phrase("up to 128 letters, digits and hyphens")
_ANOTHER = Phrase("one that has not occurred before")
_WITHIN = Phrase("all of them within {seconds:.0f} s")
_ID = re.compile(r"[A-Za-z0-9-]{1,128}")
_MOST_CPUS = 1_000_000
_LIST_SECONDS = 45.0
_LIST_BYTES = 64 * 2**20
_MOST_PAGES = 2_000

Page = runner_service_pb2.ListJobsResponse


def look(origin: Origin, answer: Message) -> None:
    """Check every number of an answer, and clean its texts. Raises WrongRunner, WrongReport."""
    with origin.telling():
        values.check(answer)
        clean_message(answer)


def check_info(origin: Origin, info: runner_service_pb2.GetServerInfoResponse) -> None:
    """Check a runner's account of itself. Raises WrongRunner."""
    with origin.telling():
        require_from("available_cpus", info.available_cpus, 1, _MOST_CPUS)
        others.check_cores("", info)
        if info.build_sha256:
            require_digest("build_sha256", info.build_sha256)


def check_port(origin: Origin, found: runner_service_pb2.FindPortResponse) -> int:
    """Return a port at which nothing listens. Raises WrongRunner."""
    with origin.telling():
        require_from("port", found.port, 1, 2**16 - 1)
    return found.port


def check_blob(origin: Origin, asked: Stored, blob: runner_service_pb2.Blob, least: int) -> None:
    """Check what a runner has of a blob, of which it had ``least`` bytes. Raises WrongRunner."""
    look(origin, blob)
    with origin.telling():
        name, size = asked.sha256, asked.size_bytes
        require(blob.sha256 == name, "sha256", blob.sha256, english(_AS_ASKED, asked=name))
        require_from("received_bytes", blob.received_bytes, size if blob.whole else least, size)
        if blob.whole or blob.size_bytes:
            require_from("size_bytes", blob.size_bytes, size, size)


def check_sent(origin: Origin, asked: Stored, blob: runner_service_pb2.Blob, end: int) -> None:
    """Check the answer to a blob's content up to ``end``. Raises WrongRunner."""
    check_blob(origin, asked, blob, end)
    with origin.telling():
        require_from("received_bytes", blob.received_bytes, end, end)
        whole = end == asked.size_bytes
        require(blob.whole == whole, "whole", blob.whole, english(_AS_ASKED, asked=whole))


def check_completed_by(origin: Origin, asked: job_pb2.JobSpec, job: job_pb2.Job) -> job_pb2.JobSpec:
    """Return the spec with every default filled in. Raises WrongRunner."""
    with origin.telling():
        check_completed(asked, job.spec)
    return job.spec


def check_submitted(
    origin: Origin, kind: job_pb2.JobKind, request_id: str, spec: job_pb2.JobSpec, job: job_pb2.Job
) -> None:
    """Check the job that a runner created for a request. Raises WrongReport."""
    with origin.telling():
        _require_job(job)
        name = job_pb2.JobKind.Name
        require(job.kind == kind, "kind", name(job.kind), english(_AS_ASKED, asked=name(kind)))
        asked = english(_AS_ASKED, asked=request_id)
        require(job.request_id == request_id, "request_id", job.request_id, asked)
        # Validation completed a trial's job; others may come from an earlier version's run.
        check = check_taken if kind == job_pb2.JOB_KIND_TRAIN else check_completed
        check(spec, job.spec)


def check_job(origin: Origin, job: job_pb2.Job, job_id: str) -> None:
    """Check a job that was requested by its id. Raises WrongReport."""
    with origin.telling():
        _require_job(job)
        asked = english(_AS_ASKED, asked=job_id)
        require(job.job_id == job_id, "job_id", job.job_id, asked)


def pages(origin: Origin, ask: Callable[[str], Page]) -> Iterator[job_pb2.Job]:
    """Yield all jobs of all pages; ``ask`` returns the page of a token. Raises WrongRunner.

    The jobs of a page are checked before the first one is yielded.
    """
    due = time.monotonic() + _LIST_SECONDS
    seen, tokens, size, token = set[str](), set[str](), 0, ""
    while True:
        page = ask(token)
        with origin.telling():
            size += page.ByteSize()
            most = english(AT_MOST, most=_LIST_BYTES)
            require(size <= _LIST_BYTES, "bytes(jobs)", size, most)
            for job in page.jobs:
                _require_job(job)
                require(job.job_id not in seen, "job_id", job.job_id, english(_ANOTHER))
                seen.add(job.job_id)
            token = page.next_page_token
            sound = token not in tokens and (not token or len(page.jobs) > 0)
            require(sound, "next_page_token", token, english(_ANOTHER))
            tokens.add(token)
            most = english(AT_MOST, most=_MOST_PAGES)
            require(len(tokens) <= _MOST_PAGES, "len(pages)", len(tokens), most)
            wanted = english(_WITHIN, seconds=_LIST_SECONDS)
            require(time.monotonic() < due, "len(jobs)", len(seen), wanted)
        yield from page.jobs
        if not token:
            return


def _require_job(job: job_pb2.Job) -> None:
    require(bool(_ID.fullmatch(job.job_id)), "job_id", job.job_id, english(_AN_ID))
    for field, number, known in (
        ("kind", job.kind, job_pb2.JobKind),
        ("state", job.state, job_pb2.JobState),
    ):
        names = ", ".join(name for name, value in known.items() if value)
        require(number != 0, field, number, english(ONE_OF, known=names))
