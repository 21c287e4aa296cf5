"""The user's module: built, checked, put onto the device, and called as its users would."""

import contextlib
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path, PurePath

import torch
from torch import nn
from twinrun.contract.code import CodeSource
from twinrun.contract.enums import MIXED, CodeLayout, Precision, Recipe
from twinrun.contract.spec import JobSpec

from services.errors import CodeFailed, TwinrunError, Unsupported
from services.model.weights import Weights
from services.pytorch.code import arrays, layouts, patches
from services.pytorch.code.patches import Draws, Nothing
from services.pytorch.code.recording import Recording
from services.pytorch.code.state import State
from services.pytorch.code.widening import Widening
from services.trial import code
from services.trial.code import Build, failed

_FRAMEWORK = "pytorch"
MEMORY = (MemoryError, torch.OutOfMemoryError)
_WHOLE_NUMBERS = (nn.Embedding, nn.EmbeddingBag)


class Built:
    """The module that ``build`` returns, for inputs as datasets lay them out.

    In the idiomatic recipe nothing of it is replaced or frozen.
    It raises CodeFailed for what is not a model, Unsupported for what Twinrun cannot control.
    """

    def __init__(self, spec: JobSpec, build: Build, where: torch.device) -> None:
        self._spec = spec
        matched = spec.recipe is Recipe.MATCHED
        self.source = code.source(spec, _FRAMEWORK)
        self.file = name(self.source)
        self._passes = spec.code is not None and spec.code.without_dropout
        if matched and spec.precision in MIXED:
            raise Unsupported(
                f"precision is {spec.precision}, but a model of code is trained in float32 or "
                "float64: its own products cannot be cast one by one",
                field="precision",
            )
        if not matched and self._passes:
            raise Unsupported(
                "without_dropout is for the matched recipe: PyTorch's users run the model as it is",
                field="code.without_dropout",
            )
        self._dtype = torch.float64 if spec.precision is Precision.FLOAT64 else torch.float32
        widens = matched and self._dtype is torch.float64
        self._widening = Widening() if widens else None
        torch.manual_seed(spec.seed)
        with self.running(Nothing()) if matched else self._own_dtype():
            built = build()
        module = module_of(built, self.source)
        self.notes = [*code.notes(spec, _FRAMEWORK), *_of_few_bits(module)]
        self.module = module.to(where, self._dtype)
        self.state = State(self.module)
        self._trained: Callable[[torch.Tensor], object] = self.module
        self._columns: Mapping[int, tuple[int, ...]] = {}
        if matched:
            self.notes += [*self._without_dropout_inside(), *self._without_second_biases()]

    def _without_dropout_inside(self) -> Iterator[str]:
        """Check for dropout that no mask reaches. Raises Unsupported."""
        for path, module in self.module.named_modules():
            if isinstance(module, nn.RNNBase) and module.dropout and module.num_layers > 1:
                if not self._passes:
                    raise Unsupported(
                        f"{path} of {self.file} is a {type(module).__name__} with dropout "
                        "between its layers, which PyTorch draws inside one call: use one "
                        "module for each layer with a Dropout between, or verify the rest without "
                        "dropout",
                        field="code.pytorch",
                    )
                module.dropout = 0.0
                yield f"{path}: its dropout between layers lets everything through."

    def _without_second_biases(self) -> Iterator[str]:
        """Add the second bias of a recurrent module to the first, and freeze it at 0.

        Both trained would move their sum twice as fast as the one bias of other frameworks.
        """
        for path, module in self.module.named_modules():
            if not isinstance(module, arrays.OF_TWO_BIASES) or not module.bias:
                continue
            for suffix, _ in arrays.directions(module):
                first, second = (
                    getattr(module, f"{name}{suffix}") for name in ("bias_ih", "bias_hh")
                )
                with torch.no_grad():
                    first.add_(second)
                    second.zero_()
                second.requires_grad_(False)
            yield f"{path}: its second bias is added into the first and frozen at 0."

    @contextlib.contextmanager
    def _own_dtype(self) -> Iterator[None]:
        """Have the code make what it makes itself in the job's precision."""
        before = torch.get_default_dtype()
        torch.set_default_dtype(self._dtype)
        try:
            yield
        finally:
            torch.set_default_dtype(before)

    @contextlib.contextmanager
    def running(self, draws: Draws) -> Iterator[None]:
        """Replace what the code may call."""
        with (
            self._own_dtype(),
            patches.active(Nothing() if self._passes else draws),
            self._widening or contextlib.nullcontext(),
        ):
            yield

    def logits_of_users(
        self, model: Callable[[torch.Tensor], object], inputs: torch.Tensor
    ) -> torch.Tensor:
        """Return the logits of ``model``, the module or it compiled, with nothing replaced.

        ``inputs`` are as PyTorch's users lay them out: images are [batch, c, h, w].
        """
        if inputs.ndim == 4 and not is_moved(inputs, self.source):
            inputs = inputs.permute(0, 2, 3, 1).contiguous()
        elif inputs.ndim != 4:
            inputs = laid(inputs, self.source)
        with self._own_dtype():
            return self._forward(model, inputs)

    def tried(self, inputs: torch.Tensor) -> Recording:
        """Follow one pass in which no value drops, and restore the module's state."""
        with torch.no_grad(), self.state.restored():
            recording, _ = self.recorded(inputs)
            if recording.columns:  # only now is known what becomes an image
                self._columns = recording.columns
                recording, _ = self.recorded(inputs)
        if self._widening is not None and not self._widening.met:
            self._widening = None  # it would take time at each operation
        return recording

    def compile(self) -> None:
        """Have training call what torch.compile makes of the module, for each shape anew."""
        self._trained = torch.compile(self.module, dynamic=False, isolate_recompiles=True)

    def logits(self, inputs: torch.Tensor, draws: Draws, *, training: bool) -> torch.Tensor:
        """Return the logits [batch, outputs] of ``inputs`` as the dataset lays them out.

        Raises CodeFailed.
        """
        if self.module.training != training:
            self.module.train(training)
        with self.running(draws):
            if training:  # a batch that was gathered for this step
                return self._forward(self._trained, laid(inputs, self.source))
            return self._forward(self.module, copied(inputs, self.source))

    def recorded(
        self,
        inputs: torch.Tensor,
        draws: Draws | None = None,
        *,
        returned: Weights | None = None,
        keeps: bool = False,
        in_place: Collection[int] = (),
    ) -> tuple[Recording, torch.Tensor]:
        """Follow one pass in training, and return its logits; without ``draws`` no value drops.

        ``returned`` and ``in_place``: as in `Recording`.
        """
        recording = Recording(
            *(self.module, len(inputs), keeps),
            columns={**self._columns},
            returned=returned or {},
            in_place=in_place,
            asked=self.source.case if keeps else (),
        )
        given = copied(inputs, self.source)
        if is_moved(inputs, self.source):
            layouts.put(given, layouts.channels_first(given.ndim))
        self.module.train()
        with self.running(draws or recording), recording.following():
            return recording, self._forward(self.module, given)

    def _forward(
        self, module: Callable[[torch.Tensor], object], inputs: torch.Tensor
    ) -> torch.Tensor:
        """Return the logits [batch, outputs] of inputs as the code takes them."""
        try:
            made = module(inputs)
        except (TwinrunError, *MEMORY):
            raise
        except (Exception, SystemExit) as error:
            if _is_ours(error):
                raise
            raise failed(error, self.file, _FRAMEWORK) from error
        logits = _chosen(made, self.source.output)
        if not isinstance(logits, torch.Tensor):
            raise code.no_tensor(self._spec, _FRAMEWORK, made, logits)
        code.require_logits(self._spec, _FRAMEWORK, tuple(logits.shape), len(inputs))
        return logits


def name(source: CodeSource) -> str:
    """Return the name of the code's file, for people."""
    return PurePath(source.file).name


def module_of(built: object, source: CodeSource) -> nn.Module:
    """Return what the user's function returned, if it is a module. Raises CodeFailed."""
    if not isinstance(built, nn.Module):
        raise CodeFailed(
            f"{source.function} of {name(source)} returned a {type(built).__name__}, and a "
            "torch.nn.Module is needed."
        )
    for module in built.modules():
        if isinstance(module, _WHOLE_NUMBERS):  # data are numbers of the job's precision
            module.register_forward_pre_hook(_whole_numbers)
    return built


def _of_few_bits(module: nn.Module) -> Iterator[str]:
    """Note what the code has in fewer bits than any job that trains it."""
    for name_of, tensor in (*module.named_parameters(), *module.named_buffers()):
        if tensor.is_floating_point() and tensor.element_size() < 4:
            dtype = str(tensor.dtype).removeprefix("torch.")
            yield f"{name_of} is {dtype} in the code, and has the job's precision here."


def _whole_numbers(_: nn.Module, args: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    first, *rest = args
    return (first.long() if first.is_floating_point() else first, *rest)


def is_moved(inputs: torch.Tensor, source: CodeSource) -> bool:
    """Return whether the code takes ``inputs`` [batch, ..., channels] as [batch, channels, ...]."""
    first = source.layout is CodeLayout.CHANNELS_FIRST or source.layout is None
    return first and inputs.ndim > (3 if source.layout is None else 2)


def laid(inputs: torch.Tensor, source: CodeSource) -> torch.Tensor:
    """Lay inputs [batch, ...] out as the code takes them."""
    if not is_moved(inputs, source):
        return inputs
    # An image of one channel would count as laid out either way, and a user's `view` would fail.
    return inputs.movedim(-1, 1).clone(memory_format=torch.contiguous_format)


def copied(inputs: torch.Tensor, source: CodeSource) -> torch.Tensor:
    """Lay inputs out as `laid`, never the data themselves: code may write into what it is given."""
    given = laid(inputs, source)
    return inputs.clone() if given is inputs else given


def _is_ours(error: BaseException) -> bool:
    """Return whether it was raised by what follows the code's calls, not by one of them."""
    *_, last = traceback.extract_tb(error.__traceback__)
    place = Path(last.filename)
    if last.name == "__torch_function__":  # which makes the calls
        return False
    return place.parent == Path(__file__).parent and place.name != Path(patches.__file__).name


def _chosen(made: object, output: str) -> object:
    """Return the logits among several outputs: the first, or those that ``output`` names."""
    if isinstance(made, Mapping):
        return made.get(output) if output else next(iter(made.values()), None)
    if isinstance(made, tuple | list):
        number = int(output) if output.isdecimal() else 0
        named = getattr(made, output, None) if output else None
        return named if named is not None else made[number] if number < len(made) else None
    return made
