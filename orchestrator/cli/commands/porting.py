"""Commands for a model in the user's own code."""

import math
from contextlib import closing

from orchestrator.actions import porting
from orchestrator.cli.options import (
    ALL,
    BaselineOption,
    FrameworksOption,
    IsolateOption,
    JobOptions,
    JsonOption,
    ReproduceOption,
    WhereOptions,
)
from orchestrator.cli.output import print_json, print_report, to_stderr
from orchestrator.errors import BadInput, NotTheSameJob
from orchestrator.language.phrases import Phrase, english, join, say
from orchestrator.language.words import NEXT
from orchestrator.reports.grid import Said
from orchestrator.reports.models import pairing as pairing_report
from orchestrator.runners.finding import Runners
from orchestrator.settings import by_code, config

_NO_CODE = Phrase(
    "The workload's model is layers, the same on every side; give --code NAME=FILE:FUNCTION for "
    "each framework."
)


def pair(
    job: JobOptions,
    where: WhereOptions,
    *,
    frameworks: FrameworksOption = ALL,
    baseline: BaselineOption = None,
    isolate: IsolateOption = False,
    reproduce: ReproduceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is paired with what in two models of your own code, and where one batch parts them.

    Exit code 6: something has no counterpart, or the two compute something else.

    Example: orchestrator pair --code pytorch=net.py:build --code tensorflow=net_keras.py:build
    """
    named = config.compared(frameworks, least=2)
    spec = config.job_spec(job.workload, job.changes())
    if not spec.HasField("code"):
        raise BadInput(english(_NO_CODE))
    names = by_code.frameworks(named, spec)
    first = config.baseline(baseline, names) or names[0]
    order = [first, *(name for name in names if name != first)]
    with closing(Runners(where.places(), to_stderr)) as runners:
        further = porting.further(runners, isolate=isolate, reproduce=reproduce)
        runners.prepare(order)
        found = porting.compared(spec, [runners.get(name) for name in order], further)
    if as_json:
        print_json(as_json_of(found))
    else:
        print_report(pairing_report.report(found.pairing))
    if found.same and found.case is not None and not as_json:
        print_report([Said(say(found.case))])
    if not found.same:
        raise NotTheSameJob(join(NEXT, porting.sentences(found)))


def as_json_of(found: porting.Port) -> dict[str, object]:
    """Return the pairing for other programs."""
    pairing = found.pairing
    return {
        "frameworks": list(pairing.frameworks),
        "same": found.same,
        "tensors": [
            {
                "name": pair.name,
                "keys": dict(zip(pairing.frameworks, pair.keys, strict=True)),
                "shape": list(pair.shape),
                "trained": pair.trained,
                "sure": str(pair.sure),
            }
            for pair in pairing.tensors
        ],
        "unpaired": {
            name: {each.tensor.key: list(each.candidates) for each in side}
            for name, side in zip(pairing.frameworks, pairing.unpaired, strict=True)
        },
        "notes": [str(note) for note in pairing.notes],
        "case": None if found.case is None else str(found.case),
        "parted": [str(sentence) for sentence in porting.sentences(found)],
        **_isolated(found),
    }


def _isolated(found: porting.Port) -> dict[str, object]:
    """Return what differs by itself, if that was asked; layers by the first side's path."""
    if found.alone is None:
        return {}
    layers = found.pairing.first.layers
    return {
        "isolated": [
            {
                "layer": None if located.layer is None else layers[located.layer.first].path,
                "gap": located.gap if math.isfinite(located.gap) else None,
                "causes": [why.key for why in whys],
            }
            for located, whys in found.alone.found
        ],
        "untold": [layers[pair.first].path for pair in found.alone.untold],
    }
