"""One forward pass, followed: the layers called, the masks drawn, how tensors are laid out."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn.modules.module import _global_forward_hooks_with_kwargs as left_behind
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)
from torch.overrides import TorchFunctionMode
from twinrun.contract.traced import TracedDraw, TracedLayer

from services.errors import Unsupported
from services.model.weights import Weights
from services.pytorch.code import arrays, functions, kinds, layouts, patches
from services.pytorch.code.case import Program
from services.pytorch.code.layouts import Layout
from services.pytorch.code.patches import Draws
from services.pytorch.code.returning import instead
from services.trial.trace import require_shape

# Functions that take a flattened image: axes of the parameter that meets it, and which one does.
_BY_ROWS = {
    "linear": (2, -1),
    **dict.fromkeys(("matmul", "__matmul__", "mm", "addmm"), (2, 0)),
    **dict.fromkeys(("batch_norm", "layer_norm"), (1, 0)),
}
_OF_COLUMNS = {"linear", *layouts.RESHAPING}

Arguments = tuple[object, ...]
Named = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Draw:
    """One mask: as it is reported, and how a call wants it. ``own``: its shape, of ``samples``.

    ``again``: the step back calls it once more.
    """

    traced: TracedDraw
    layout: Layout
    own: tuple[int, ...]
    samples: int
    again: bool = False

    def laid(self, mask: torch.Tensor) -> torch.Tensor:
        """Turn a canonical mask [batch, ...] into the call's own layout."""
        batch = self.layout.order[0]
        shape = list(self.own)
        shape[batch] = shape[batch] // self.samples * len(mask)
        return layouts.own(mask, self.layout, shape)


@dataclass(eq=False)
class Recording(TorchFunctionMode):  # type: ignore[misc]
    """What one pass of ``module`` on ``samples`` did. ``keeps``: outputs and slopes, too.

    ``returned``: by index as text, what layers return in place of their outputs, canonical.
    ``asked``: indices of the calls that become a program. ``in_place``: those of outputs that are
    changed in place later; ``changed``: those of others that were.
    """

    module: nn.Module
    samples: int
    keeps: bool = False
    layers: list[TracedLayer] = field(default_factory=list)
    outputs: list[torch.Tensor] = field(default_factory=list)
    slopes: dict[int, torch.Tensor] = field(default_factory=dict)
    draws: list[Draw] = field(default_factory=list)
    images: dict[int, tuple[int, ...]] = field(default_factory=dict)
    columns: dict[int, tuple[int, ...]] = field(default_factory=dict)
    called: dict[str, None] = field(default_factory=dict)  # paths of modules, in order
    random: list[tuple[str, str]] = field(default_factory=list)  # paths and functions
    returned: Weights = field(default_factory=dict)
    asked: Sequence[int] = ()
    in_place: Collection[int] = ()
    changed: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()
        self._paths: list[str] = []  # of the modules that run now
        self._closed = 0  # how many of them are layers as a whole
        self._calls: dict[str, int] = {}
        self._known: dict[
            int, tuple[str, bool]
        ] = {}  # paths of modules, and whether each is a layer
        self._made: list[tuple[int, torch.Tensor, int, Layout]] = []  # outputs, as they were then
        self.program = Program(self.samples)

    @contextmanager
    def following(self) -> Iterator[None]:
        """Follow what is computed inside."""
        modules = [*self.module.named_modules()]
        self._known = {id(module): (path, is_layer(module)) for path, module in modules}
        # Those of all modules: two for each would take longer than many a small model's step.
        handles = [
            register_module_forward_pre_hook(self._entered),
            register_module_forward_hook(self._left, with_kwargs=True),
        ]
        if self.asked:
            handles += [
                module.register_forward_pre_hook(self._about_to_call, with_kwargs=True)
                for _, module in modules
            ]
        try:
            with self:
                yield
        finally:
            for handle in handles:
                handle.remove()
                left_behind.pop(handle.id, None)  # PyTorch 2.14 forgets to

    def _entered(self, module: nn.Module, _: Arguments) -> None:
        if id(module) not in self._known:
            return
        path, closed = self._known[id(module)]
        self._paths.append(path)
        self._closed += closed
        self.called.setdefault(path)

    def _about_to_call(self, module: nn.Module, args: Arguments, kwargs: Named) -> None:
        path, closed = self._known[id(module)]
        if closed and self._closed == 1 and self._is_asked:
            with torch._C.DisableTorchFunction():  # noqa: SLF001 - not the model's own
                self.program.module(path, module, args, kwargs)

    @property
    def _is_asked(self) -> bool:
        """Whether the next call that is noted becomes part of the program."""
        return len(self.layers) in self.asked

    def _left(self, module: nn.Module, args: Arguments, kwargs: Named, made: object) -> object:
        if id(module) not in self._known:
            return made
        path, closed = self._known[id(module)]
        self._paths.pop()
        self._closed -= closed
        if not closed or self._closed:
            return made
        given = next(iter(layouts.tensors(*args, kwargs)), None)
        with torch._C.DisableTorchFunction():  # noqa: SLF001 - not the model's own
            kind, settings = kinds.of(module, given)
            settings |= kinds.of_call(module, args, kwargs)
            made_of = kind, settings
            return self._layer(path, type(module).__name__, made_of, given, made, module=module)

    def _layer(
        self,
        path: str,
        name: str,
        kind: kinds.Made,
        given: torch.Tensor | None,
        made: object,
        *,
        module: nn.Module | None = None,
    ) -> object:
        """Note a call, and return what it returns."""
        output = next(iter(layouts.tensors(made)), None)
        if output is None or given is None or not output.is_floating_point():
            return made
        call = self._calls.get(path, 0)
        self._calls[path] = call + 1
        layout = layouts.of(output)
        shapes = self._shape(given, layouts.of(given))[1:], self._shape(output, layout)[1:]
        self.layers.append(TracedLayer(path, name, kind[0], call, kind[1], *shapes))
        if len(self.layers) - 1 in self.asked:
            self.program.returned(made, output)
        if self.keeps:
            self._keep(output, layout)
        laid = self._laid(path, output, layout) if self.returned else None
        return made if laid is None else instead(module, made, laid)

    def _laid(self, path: str, output: torch.Tensor, layout: Layout) -> torch.Tensor | None:
        """Return what the last call noted returns in place of ``output``; None: that."""
        given = self.returned.get(str(len(self.layers) - 1))
        if given is None:
            return None
        require_shape(path, given.shape, self._shape(output, layout))
        return layouts.own(torch.from_numpy(given).to(output), layout, output.shape)

    def _shape(self, tensor: torch.Tensor, layout: Layout) -> tuple[int, ...]:
        return layouts.canonical_shape(tensor.shape, layout, self.samples)

    def _keep(self, output: torch.Tensor, layout: Layout) -> None:
        """Copy an output before anything changes it in place; its gradient once there is one."""
        index = len(self.outputs)
        self.outputs.append(layouts.canonical(output.detach(), layout, self.samples).clone())
        if not output.requires_grad:
            return
        if index in self.in_place:
            output.register_hook(lambda slope: self._slope(index, slope.clone(), layout))
        else:  # which takes no Python on the way back
            output.retain_grad()
            self._made.append((index, output, output._version, layout))  # noqa: SLF001 - its count

    def _slope(self, index: int, slope: torch.Tensor, layout: Layout) -> None:
        self.slopes[index] = layouts.canonical(slope.detach(), layout, self.samples)

    def went_back(self) -> None:
        """Read the outputs' gradients. Of one that was changed in place it is not its own."""
        for index, output, version, layout in self._made:
            if output._version != version:  # noqa: SLF001 - its count of changes
                self.changed.add(index)
            elif output.grad is not None:
                self._slope(index, output.grad, layout)
        self._made.clear()

    def __torch_function__(
        self,
        function: Callable[..., object],
        types: Iterable[type],
        args: Arguments = (),
        kwargs: Named | None = None,
    ) -> object:
        kwargs = kwargs or {}
        name = getattr(function, "__name__", "")
        given = layouts.tensors(*args, *kwargs.values())
        if given and name in _BY_ROWS:
            self._note_images(name, given)
        kind = None if self._closed else functions.of(name, args, kwargs)
        if kind is not None and self._is_asked:
            self.program.function(self._within(name), name, args, kwargs)
        made = function(*args, **kwargs)
        if given:
            layouts.follow(function, given, args, kwargs, made)
            if name in _OF_COLUMNS and isinstance(made, torch.Tensor):
                self._note_columns(name, given, made)
        if name in functions.RANDOM:
            self.random.append((self._paths[-1] if self._paths else "", name))
        if kind is not None:
            path = self._functional(name.removesuffix("_"))
            return self._layer(path, name, kind, given[0] if given else None, made)
        return made

    def _within(self, name: str) -> str:
        within = self._paths[-1] if self._paths else ""
        return f"{within}.{name}" if within else name

    def _functional(self, name: str) -> str:
        place = self._within(name)
        number = self._calls.get(f"{place}#", 0)
        self._calls[f"{place}#"] = number + 1
        return f"{place}#{number}"

    def _note_images(self, name: str, given: Sequence[torch.Tensor]) -> None:
        """Note which parameters meet a flattened image."""
        image = layouts.of(given[0]).image
        if image:
            self.images |= {id(tensor): image for tensor in given[1:] if _fits(tensor, image, name)}

    def _note_columns(self, name: str, given: Sequence[torch.Tensor], made: torch.Tensor) -> None:
        """Note which parameters make what becomes an image: their last axes hold it, flattened."""
        if name == "linear" and made.ndim == 2:
            makers = tuple(map(id, given[1:]))
            image = self.columns.get(makers[0], ())
            layouts.put(made, Layout(layouts.of(made).order, image, makers))
        elif name != "linear" and layouts.of(made) == layouts.channels_first(4):
            before = layouts.of(given[0])
            self.columns |= dict.fromkeys(before.makers, tuple(made.shape[1:]))

    def mask(self, x: torch.Tensor, rate: float, shape: tuple[int, ...]) -> torch.Tensor | None:
        """Note a mask as `services.pytorch.code.patches.Draws`."""
        layout = layouts.of(x)
        canonical = layouts.canonical_shape(shape, layout, self.samples)
        path = self._paths[-1] if self._paths else ""
        if canonical[:1] != (self.samples,):
            raise Unsupported(
                f"{path or 'The model'} drops values of a tensor of shape {list(shape)}, which has "
                "none of each sample; masks are drawn for each sample of a batch",
                field="code.pytorch",
            )
        traced = TracedDraw(path, float(rate), canonical[1:])
        again = patches.within_checkpoint()
        self.draws.append(Draw(traced, layout, shape, self.samples, again=again))
        return None


def _fits(tensor: torch.Tensor, image: tuple[int, ...], name: str) -> bool:
    """Return whether a tensor has a value, or of a product a row, for each value of an image."""
    axes, axis = _BY_ROWS[name]
    return bool(tensor.ndim == axes and tensor.shape[axis] == torch.Size(image).numel())


def is_layer(module: nn.Module) -> bool:
    """Return whether a module counts as a whole: PyTorch's own, without others that do."""
    if not kinds.is_own(module):
        return False
    return arrays.parts_of(module) is not None or next(module.children(), None) is None


_: type[Draws] = Recording
