"""Makes whole runs on disk, without a runner: as `compare` and `verify` leave them."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import json_format
from twinrun.v1 import job_pb2

from orchestrator.certificate import certificate_file
from orchestrator.certificate.certificates import Certificates
from orchestrator.frameworks import usual
from orchestrator.results.habits.numbering import number_of
from orchestrator.results.habits.pitfalls import PITFALLS
from orchestrator.results.variants import CHANGES
from orchestrator.storage import store, sweeping
from orchestrator.storage.about import Kind
from orchestrator.storage.store import Run
from orchestrator.storage.sweeping import PlannedCell, SweepPlan
from tests.builders.events import SPEC, job, losses, trial_events
from tests.builders.proofs import evidence, made

SPEC_OF_MNIST: dict[str, Any] = {
    **SPEC,
    "layers": [
        {"flatten": {}},
        {"dense": {"units": 128}},
        {"activation": {"function": "ACTIVATION_FUNCTION_RELU"}},
        {"dense": {"units": 10}},
    ],
    "recipe": "RECIPE_MATCHED",
    "target_accuracy": 0.965,
}


def create(
    output: Path, workload="w", spec=None, now=None, *, kind=Kind.COMPARE, sides=None
) -> Run:
    """A new run, without trials, of both frameworks unless told otherwise."""
    spec = json_format.ParseDict(SPEC, job_pb2.JobSpec()) if spec is None else spec
    return store.create(output, kind, workload, sides or usual(), spec, now=now)


def add_trial(run: Run, framework: str, number: int, *, events=None, **given: Any) -> None:
    """``given`` as of `tests.builders.events.trial_events`."""
    spec = run.spec()
    spec.seed += number - 1
    run.write_job(framework, number, job_pb2.Job(job_id=f"{framework}-{number}", spec=spec))
    log = run.path / "events" / f"{framework}-{number}.jsonl"
    log.parent.mkdir(exist_ok=True)
    lines = [
        json_format.MessageToJson(event, preserving_proto_field_name=True, indent=None)
        for event in events or trial_events(framework, **given)
    ]
    log.write_text("".join(f"{line}\n" for line in lines))


def compared(
    output: Path,
    pairs: int = 1,
    *,
    epochs: int = 3,
    steps: int = 50,
    workload: str = "mnist-mlp",
    kind: Kind = Kind.COMPARE,
    image: str = "",
) -> Run:
    """Pairs of trials that went well; PyTorch's took about 8 % longer."""
    spec = json_format.ParseDict({**SPEC_OF_MNIST, "epochs": epochs}, job_pb2.JobSpec())
    run = create(output, workload, spec, kind=kind)
    rng = np.random.default_rng(0)
    for number in range(1, pairs + 1):
        values = losses(epochs, steps, seed=number)
        learned = [0.977 - 0.03 / (1 + e) + 0.002 * rng.normal() for e in range(epochs)]
        for framework, seconds in (("pytorch", 0.54), ("tensorflow", 0.5)):
            add_trial(
                *(run, framework, number),
                seconds=(seconds * (1 + 0.02 * rng.normal(size=epochs))).tolist(),
                accuracies=[value + 0.0003 * rng.normal() for value in learned],
                step_losses=values,
                samples=60_000,
                phases={"import": 1.0 + 3 * seconds, "compile": 0.1},
                image=image,
            )
    run.write_certificate(certificate_file.as_dict(Certificates([made()])))
    return run


def explained(output: Path) -> Run:
    """The matched job, and the same with the first pitfall: two jobs, a trial of each side."""
    run = compared(output, kind=Kind.EXPLAIN)
    for framework in usual():
        add_trial(run, framework, number_of(PITFALLS[0]))
    return run


def several(output: Path, kind: Kind) -> Run:
    """Recipes or loops: a comparison of each variant, in which TensorFlow is the faster side."""
    run = create(output, "mnist-mlp", kind=kind)
    for variant in CHANGES[kind]:
        inner = store.within(run, variant, Kind.COMPARE, usual(), run.spec())
        for framework, seconds in (("pytorch", 2.0), ("tensorflow", 1.0)):
            add_trial(inner, framework, 1, seconds=(seconds,))
    return run


def swept(output: Path) -> Run:
    """A sweep of two cells, a block each, in which TensorFlow is the faster side."""
    run = create(output, "mnist-mlp", kind=Kind.SWEEP)
    sizes, job = (16, 64), store.to_mapping(run.spec())
    cells = [
        PlannedCell(f"batch_size={size}", {"batch_size": size}, {**job, "batch_size": size})
        for size in sizes
    ]
    plan = SweepPlan(
        axes={"batch_size": sizes},
        cells=cells,
        repeats=1,
        same_seed=False,
        certify=True,
        most_seconds=1800.0,
        seed="0",
        builds={},
    )
    sweeping.write(run, plan)
    for cell in cells:
        spec = plan.spec(cell, cell.name)
        inner = store.within(run, cell.name, Kind.COMPARE, usual(), spec)
        for framework, seconds in (("pytorch", 2.0), ("tensorflow", 1.0)):
            add_trial(inner, framework, 1, seconds=(seconds,))
    return run


def verified(output: Path) -> Run:
    """A certificate, with a job that can be run again."""
    spec = {**SPEC_OF_MNIST, "precision": "PRECISION_FLOAT64", "report_step_details": True}
    message = json_format.ParseDict(spec, job_pb2.JobSpec())
    run = create(output, "mnist-mlp", message, kind=Kind.VERIFY)
    values = np.array(losses(2))
    values[30:] *= 1 + 3e-15
    found = made(second=evidence("tensorflow", step_losses=values))
    kept = dataclasses.replace(found, job=job(**spec))
    run.write_certificate(certificate_file.as_dict(Certificates([kept])))
    return run


def without(run: Run, *names: str) -> Run:
    """The same without some keys of its comparison.json, as an earlier version left it."""
    path = run.path / "comparison.json"
    found = json.loads(path.read_text())
    path.write_text(json.dumps({name: value for name, value in found.items() if name not in names}))
    return run
