"""Live state -> messages to a page: everything at first, later only changes."""

import json
from collections.abc import Iterator, Mapping, Sequence

from orchestrator.frameworks import usual
from orchestrator.language.palette import looks
from orchestrator.language.phrases import say
from orchestrator.language.words import OF, label
from orchestrator.live import texts
from orchestrator.live.curve import Curve, tip
from orchestrator.live.state import Live, LiveJob
from orchestrator.trials.mappings.stored import as_json

SHOWN_GROUPS = 12
# Job id -> the sequence number of its latest event that the page knows.
Cursor = Mapping[str, int]


def cursor_of(text: str) -> dict[str, int]:
    """Parse a Last-Event-ID; skip anything that is not from this program."""
    cursor = {}
    for part in text[:10_000].split(","):
        job_id, _, sequence = part.partition(":")
        if job_id and sequence.isascii() and sequence.isdigit() and len(sequence) < 19:
            cursor[job_id] = int(sequence)
    return cursor


def groups(live: Live) -> list[list[LiveJob]]:
    """Group the matching jobs of all frameworks, on each machine; the newest group first.

    Those of machines that run a block are there, however many.
    """
    grouped: list[list[LiveJob]] = []
    for job in sorted(live.jobs.values(), key=lambda job: (job.created, job.job_id)):
        for group in reversed(grouped):
            taken = {other.framework for other in group}
            alike = (group[0].spec, group[0].machine) == (job.spec, job.machine)
            if job.framework not in taken and alike:
                group.append(job)
                break
        else:
            grouped.append([job])
    grouped.sort(key=lambda group: group[-1].created)
    newest = grouped[::-1]
    return [
        group
        for number, group in enumerate(newest)
        if number < SHOWN_GROUPS
        or any(job.machine and job.active and not job.gone for job in group)
    ]


def news(live: Live, cursor: Cursor, overview: str) -> Iterator[tuple[str, str, dict[str, int]]]:
    """Yield each message's event, its data, and what the page knows after it.

    ``overview``: the one that the page has; empty for none.
    """
    shown = groups(live)
    jobs = [job for group in shown for job in group]
    there = {job.job_id for job in jobs}
    # Of a job that is not known yet too: a server that has just started hears of it later.
    known = {
        job_id: sequence
        for job_id, sequence in cursor.items()
        if job_id in there or job_id not in live.jobs
    }
    now = json.dumps(_overview(live, shown))
    if now != overview:
        yield "overview", now, dict(known)
    for job in jobs:
        if job.job_id not in known or job.sequence > known[job.job_id]:
            update = as_json(_update(job, known.get(job.job_id, 0)))
            known[job.job_id] = job.sequence
            yield "job", json.dumps(update), dict(known)


def encoded(event: str, data: str, cursor: Cursor) -> bytes:
    """Encode as a server-sent event, whose id records what the page knows after it."""
    ids = ",".join(f"{job_id}:{sequence}" for job_id, sequence in cursor.items())
    return f"event: {event}\nid: {ids}\ndata: {data}\n\n".encode()


def _overview(live: Live, shown: Sequence[Sequence[LiveJob]]) -> dict[str, object]:
    there = [name for name, each in live.runners.items() if each.seen or name in usual()]
    return {
        "runners": [
            {
                "framework": name,
                "label": label(name),
                "colour": look.colour,
                "marker": look.marker,
                "connected": live.runners[name].address is not None,
                "text": texts.runner(live.runners[name]),
            }
            for name, look in looks(there).items()
        ],
        "groups": [
            {
                "title": texts.title(group[0].spec, group[0].machine),
                "machine": group[0].machine,
                "details": texts.details(group[0].spec),
                "jobs": [job.job_id for job in group],
                "lines": [
                    say(OF, name=label(job.framework), what=texts.outcome(job, lost=live.lost(job)))
                    for job in group
                ],
            }
            for group in shown
        ],
        "run": live.run
        and {
            "title": texts.run_title(live.run),
            "text": texts.run_text(live.run),
            "running": live.run.running,
            "machines": [say(each) for each in live.run.machines],
        },
        # Not an event of the job: nobody is left to report it.
        "lost": {
            job.job_id: texts.state(job, lost=True)
            for group in shown
            for job in group
            if live.lost(job)
        },
    }


def _update(job: LiveJob, after: int) -> dict[str, object]:
    """Return what a page that knows the events up to ``after`` does not know yet."""
    name = label(job.framework)
    return {
        "id": job.job_id,
        "framework": job.framework,
        "state": texts.state(job, lost=False),
        "active": job.active,
        "error": job.error,
        "share": min(1.0, job.steps / job.all_steps) if job.all_steps else None,
        "progress": texts.progress(job),
        "figures": texts.figures(job),
        "steps": job.all_steps,
        "epochs": job.spec.epochs,
        "losses": _points(job.losses, after),
        "metric": texts.metric(job),
        "metrics": _points(job.metrics, after),
        "lines": [
            {
                "sequence": line.sequence,
                "time": line.time,
                "text": say(OF, name=name, what=line.text),
            }
            for line in job.lines
            if line.sequence > after
        ],
    }


def _points(curve: Curve, after: int) -> dict[str, object]:
    """Return the changed points, which replace all from the index ``start``.

    Each: its first step, the mean, the minimum and the maximum.
    """
    start = next(
        (i for i, bucket in enumerate(curve.buckets) if bucket.version > after),
        len(curve.buckets),
    )
    means = [bucket.mean for bucket in curve.buckets]
    end = tip(curve)
    means[-1:] = [] if end is None else [end]
    return {
        "start": start,
        "width": curve.width,
        "last": curve.last,
        "points": [
            [bucket.first, *map(_short, (mean, bucket.least, bucket.greatest))]
            for bucket, mean in zip(curve.buckets[start:], means[start:], strict=True)
        ],
    }


def _short(value: float) -> float:
    return float(f"{value:.6g}")
