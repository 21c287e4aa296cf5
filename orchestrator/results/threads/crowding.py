"""A warning where a trial has more threads than cores."""

import itertools
from collections.abc import Iterator

from twinrun.contract.enums import Device

from orchestrator.language.phrases import Phrase, english
from orchestrator.language.words import label
from orchestrator.results.circumstances import Caution, Sides

_CROWDED = Phrase(
    "{side} had {threads} threads on {cores} physical cores: two threads of one core share its "
    "arithmetic units, and one framework may suffer more than another."
)
_REMEDY = Phrase(
    "Set --threads {cores}, or have each side's own best number found: --threads best."
)


def cautions(trials: Sides) -> Iterator[Caution]:
    """Yield a warning of the side with the most threads beyond the cores that it may use.

    On a GPU, threads of the CPU do not decide; where cores are not known, nothing is said.
    """
    beyond = [
        (threads - found.physical_cores, trial.framework, threads, found.physical_cores)
        for trial in itertools.chain(*trials.values())
        if (found := trial.environment) is not None and found.HasField("physical_cores")
        if trial.spec is None or trial.spec.device is Device.CPU
        # 0 stands for one a CPU.
        if (threads := found.threads or found.available_cpus) > found.physical_cores
    ]
    if beyond:
        _, side, threads, cores = max(beyond)
        yield Caution(
            "THREADS_EXCEED_CORES",
            english(_CROWDED, side=label(side), threads=threads, cores=cores),
            english(_REMEDY, cores=cores),
        )
