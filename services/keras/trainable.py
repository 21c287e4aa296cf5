"""Which convolutions Keras can train as its users write them."""

from twinrun.contract import nesting
from twinrun.contract.enums import Device, Execution
from twinrun.contract.layers import Conv1d, Conv2d
from twinrun.contract.spec import JobSpec

from services.errors import Unsupported


def require_trainable(spec: JobSpec) -> None:
    """Check convolutions. Raises Unsupported for one that Keras cannot make."""
    for field, layer in _convolutions(spec):
        strides = {layer.stride, *(layer.stride_2d if isinstance(layer, Conv2d) else ())}
        if layer.dilation > 1 and max(strides) > 1:
            raise Unsupported(
                "Keras's convolution takes no stride beside a dilation; take recipe matched",
                field=f"{field}.dilation",
            )


def require_kernels(spec: JobSpec) -> None:
    """Check as `require_trainable`, and for TensorFlow's kernels. Raises Unsupported."""
    require_trainable(spec)
    if spec.device is not Device.CPU or spec.execution is Execution.COMPILED:
        return
    for field, layer in _convolutions(spec):
        if layer.dilation > 1 or layer.groups > 1:
            raise Unsupported(
                "TensorFlow's kernels for a CPU have no gradient of a convolution with dilation or "
                "groups; take execution compiled, or recipe matched",
                field=f"{field}.{'dilation' if layer.dilation > 1 else 'groups'}",
            )


def _convolutions(spec: JobSpec) -> list[tuple[str, Conv1d | Conv2d]]:
    return [
        (nesting.case(place, layer), layer)
        for place, layer in nesting.placed(spec.layers)
        if isinstance(layer, Conv1d | Conv2d)
    ]
