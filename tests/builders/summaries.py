"""Makes a model by a framework's account."""

from twinrun.v1 import job_pb2


def model(*layers):
    """``layers``: shape, parameters, and how many of those are not trained."""
    found = job_pb2.ModelSummarized(text="own")
    for shape, count, *untrained in layers:
        found.layers.add(kind="Kind", output_shape=shape, parameter_count=count)
        found.parameter_count += count
        found.layers[-1].untrained_count = sum(untrained)
        found.untrained_count += sum(untrained)
    return found


ONE = model(((24, 24, 32), 832), ((10,), 50))
