"""What is stored of the machines of a run, and whether a run goes on with machines like those."""

import dataclasses
import secrets
from collections.abc import Mapping

from orchestrator.actions.cluster import jobs
from orchestrator.actions.cluster.meeting import Machines
from orchestrator.actions.cluster.sources import HostsFile, Source, source
from orchestrator.actions.repeat import Plan
from orchestrator.certificate import certificate_file
from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english, join
from orchestrator.language.words import LINES
from orchestrator.runners.cluster.alike import differences
from orchestrator.settings.hosts import Host
from orchestrator.settings.keeping import Exclusive
from orchestrator.storage import clustering, store, sweeping
from orchestrator.storage.clustering import ClusterPlan
from orchestrator.storage.store import Run

_CHANGED = Phrase(
    "{path} was begun on machines of another kind, whose times do not belong in one result with "
    "those of these:\n{what}\nGo on with such machines, or begin anew."
)
_MOVED = Phrase(
    "{path} was begun with the machines of {file}, which is not there any more; name the file that "
    "has them now: orchestrator resume {path} --cluster FILE"
)
_THEN, _NOW = "then", "now"


def begun(
    cluster: Source, machines: Machines, plan: Plan, *, certify: bool, profile: bool = False
) -> ClusterPlan:
    """Return what is stored of a run that begins."""
    return ClusterPlan(
        hosts=cluster.text,
        addresses=_addresses(machines),
        facts=machines.first.facts,
        seed=secrets.token_hex(8),
        certified_on=machines.first.host.machine,
        repeats=plan.repeats,
        same_seed=plan.same_seed,
        certify=certify,
        profile=profile,
        most_seconds=plan.most_seconds,
        exclusive=cluster.exclusive,
    )


def source_of(run: Run, plan: ClusterPlan, cluster: str | None) -> Source:
    """Return the machines that a run goes on with; ``cluster``: names them, None: as before.

    Raises BadInput if the file of before is not there any more.
    """
    found = source(cluster or plan.hosts, Exclusive(plan.exclusive))
    if cluster is None and isinstance(found, HostsFile) and not found.file.exists():
        raise BadInput(english(_MOVED, path=run.path, file=found.file))
    return found


def gone_on(run: Run, plan: ClusterPlan, now: Source, machines: Machines) -> ClusterPlan:
    """Return what is stored of a run that goes on. Raises BadInput if the machines are others."""
    if changed := differences({_THEN: plan.facts, _NOW: machines.first.facts}):
        raise BadInput(english(_CHANGED, path=run.path, what=join(LINES, changed)))
    return dataclasses.replace(
        plan,
        hosts=now.text,
        addresses={**plan.addresses, **_addresses(machines)},
        certified_on=machines.first.host.machine,
    )


def joined(run: Run, host: Host) -> None:
    """Store the addresses of a machine that came later. Raises OutputError, RunUnreadable."""
    plan = clustering.plan_of(run)
    if plan is not None:
        addresses = {**plan.addresses, host.name: host.addresses}
        clustering.write(run, dataclasses.replace(plan, addresses=addresses))


def take_up(run: Run, plan: ClusterPlan, machines: Machines) -> ClusterPlan:
    """Make a run ready to go on: end jobs that blocks left, and delete half a certificate.

    Store and return its plan, with the machine that made the certificate, if that is whole. Raises
    OutputError, RunUnreadable.
    """
    for machine, block in clustering.left(run):
        if machine in machines.met:
            for side, job_id in clustering.jobs_of(block):
                jobs.end(machines.met[machine].runners, side, job_id)
    before = clustering.plan_of(run)
    if certificate_file.is_made(run):
        if before is not None:
            plan = dataclasses.replace(plan, certified_on=before.certified_on)
    else:
        sweeping.clear(run, store.CERTIFICATE)
    clustering.write(run, plan)
    return plan


def _addresses(machines: Machines) -> dict[str, Mapping[str, str]]:
    return {name: each.host.addresses for name, each in machines.met.items()}
