"""Where a trial runs: what all frameworks report alike, and what only one knows."""

import os
import sys
from dataclasses import replace

from twinrun.contract.events import Environment

from services.machine import cores, host, nvml, variables


def completed(own: Environment) -> Environment:
    """Return ``own``, which the framework reports, with the fields known without it."""
    driver, accelerators = nvml.accelerators()
    return replace(
        own,
        python_version=host.python_version(),
        platform=host.platform_name(),
        cpu_model=host.cpu_model(),
        cpu_flags=host.cpu_flags(),
        cpu_governor=host.cpu_governor(),
        available_cpus=host.available_cpus(),
        physical_cores=cores.physical_cores(),
        cpu_set=host.cpu_set(),
        cpu_limit=host.cpu_limit(),
        memory_bytes=host.memory_bytes(),
        driver_version=driver,
        accelerators=accelerators,
        packages=host.packages(),
        variables=variables.changing_arithmetic(),
        image=os.environ.get("TWINRUN_IMAGE", ""),
        git_commit=host.git_commit(),
        # Only a debug build of Python counts references.
        debug_build=own.debug_build or hasattr(sys, "gettotalrefcount"),
    )
