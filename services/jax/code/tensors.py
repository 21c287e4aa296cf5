"""All arrays of a model by their canonical names, and where they are among its own."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flax import nnx
from twinrun.contract.spec import JobSpec

from services.jax.code import views
from services.jax.code.built import FRAMEWORK, Built, Leaves
from services.jax.code.recording import Flow, Recording
from services.jax.code.views import CHANNELS_FIRST, TRANSPOSED, Tensor, View
from services.trial import code

_BY_ROWS = (nnx.Linear, nnx.BatchNorm, nnx.LayerNorm)


class Tensors:
    """The arrays of a model in the order of their layers' first calls, those not called last."""

    def __init__(self, built: Built, recording: Recording) -> None:
        module = built.merged(built.leaves, training=True)
        variables = [each for _, each in nnx.to_flat_state(nnx.state(module))]
        self._places = {id(variable): place for place, variable in enumerate(variables)}
        self._kept = variables  # so that no identity is used again
        self.called = recording.called
        self.all = list(_tensors(module, recording))

    def places(self, view: View) -> list[int]:
        """Return where a view's own arrays are among the model's leaves."""
        return [self._places[each] for each in view.identity]

    def read(self, view: View, leaves: Sequence[Any]) -> Any:
        """Return the canonical array in a model's leaves, or in what is like them."""
        return view.read(*(leaves[place] for place in self.places(view)))

    def write(self, view: View, leaves: Leaves, array: Any) -> None:
        """Set a view's arrays among ``leaves`` to a canonical one."""
        for place, own in zip(self.places(view), view.write(array), strict=True):
            leaves[place] = own

    def by_name(self, spec: JobSpec) -> dict[str, View]:
        """Return the view of each of the spec's tensors. Raises as `code.by_name`."""
        by_key = {
            tensor.key + suffix: view
            for tensor in self.all
            for suffix, view in tensor.views.items()
        }
        return code.by_name(spec, FRAMEWORK, by_key)


def _tensors(module: nnx.Module, recording: Recording) -> Iterator[Tensor]:
    modules = {".".join(map(str, path)): each for path, each in nnx.iter_modules(module)}
    order = {path: place for place, path in enumerate(recording.called)}
    within = {id(inner) for each in modules.values() for inner in _inner(each)}
    seen: dict[tuple[int, ...], str] = {}
    for path in sorted(modules, key=lambda path: order.get(path, len(order))):
        if id(modules[path]) in within:
            continue
        for part, view in views.parts(modules[path]):
            laid = _variants(modules[path], part, view, recording.called.get(path))
            tensor = Tensor(path, part, laid, seen.get(view.identity, ""))
            seen.setdefault(view.identity, tensor.key)
            yield tensor


def _inner(module: nnx.Module) -> Iterator[nnx.Module]:
    """Yield what belongs to a layer that is one for people."""
    if views.is_whole(module):
        yield from (each for path, each in nnx.iter_modules(module) if path)


def _variants(module: nnx.Module, part: str, view: View, flow: Flow | None) -> Mapping[str, View]:
    """Return a tensor's views: as it is understood, and as it may be otherwise."""
    image = () if flow is None else flow.image
    by_rows = isinstance(module, _BY_ROWS) and (part != "bias")
    if image and by_rows and view.shape[0] == flow.shape[-1]:  # type: ignore[union-attr]
        return {"": view, CHANNELS_FIRST: views.of_rows(view, image)}
    if len(view.shape) == 2 and not views.is_whole(module):
        return {"": view, TRANSPOSED: views.transposed(view)}
    return {"": view}
