"""The model that a user of Keras would build from a spec or from code, as Keras reports it."""

from twinrun.contract.events import ModelSummarized
from twinrun.contract.spec import JobSpec

from services.keras import summary
from services.tensorflow.code.fitted import summarized
from services.trial.code import Build


def summarize(spec: JobSpec, build: Build | None = None) -> ModelSummarized:
    """Summarise the model; explicit padding is a layer in the text, but not in the list."""
    return summary.summarize(spec) if build is None else summarized(spec, build)
