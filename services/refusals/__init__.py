"""What a runner refuses of a valid spec because its framework lacks it: said without the framework.

A framework with an entry in `Framework.lacks` has a module here, whose ``require_supported(spec)``
raises Unsupported, in one sentence with the remedy. The runner calls it where a job is submitted.
"""

import importlib

from twinrun.contract.spec import JobSpec

from services.frameworks import FRAMEWORKS
from services.refusals import keras


def require_supported(framework: str, spec: JobSpec) -> None:
    """Check that the framework has all that the spec asks. Raises Unsupported."""
    keras.require_supported(spec, framework)
    known = FRAMEWORKS.get(framework)  # a test may run a framework of its own
    if known is not None and known.lacks:
        importlib.import_module(f"services.refusals.{framework}").require_supported(spec)
