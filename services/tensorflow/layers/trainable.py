"""Which convolutions TensorFlow can train as its users write them."""

from twinrun.contract import nesting
from twinrun.contract.enums import Device, Execution
from twinrun.contract.layers import Conv1d, Conv2d
from twinrun.contract.spec import JobSpec

from services.errors import Unsupported


def require_kernels(spec: JobSpec) -> None:
    """Check convolutions. Raises Unsupported for one that TensorFlow cannot train."""
    compiled = spec.execution is Execution.COMPILED
    for place, layer in nesting.placed(spec.layers):
        if not isinstance(layer, Conv1d | Conv2d):
            continue
        field = nesting.case(place, layer)
        strides = {layer.stride, *(layer.stride_2d if isinstance(layer, Conv2d) else ())}
        if layer.dilation > 1 and max(strides) > 1:
            raise Unsupported(
                "Keras's convolution takes no stride beside a dilation; take recipe matched",
                field=f"{field}.dilation",
            )
        if (layer.dilation > 1 or layer.groups > 1) and spec.device is Device.CPU and not compiled:
            raise Unsupported(
                "TensorFlow's kernels for a CPU have no gradient of a convolution with dilation or "
                "groups; take execution compiled, or recipe matched",
                field=f"{field}.{'dilation' if layer.dilation > 1 else 'groups'}",
            )
