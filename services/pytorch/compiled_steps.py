"""Steps as compiled functions: gather, forward, backward and update in one, by torch.compile.

Profiling `mnist-mlp` on two threads showed that products take two thirds of a step, and the rest is
mostly the cost of each call (Python's wrapper, guards, one OpenMP region a kernel). So several
steps are unrolled into one call, and the calls between kernels are C++.

On a GPU one step is compiled, and several are captured in one CUDA graph.
"""

import inspect
import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from twinrun.contract.enums import Device
from twinrun.contract.nesting import convolves
from twinrun.contract.spec import JobSpec

from services.machine.compiler import require_compiler
from services.model.optimizers import schedule
from services.pytorch import augmentation, device, losses, optimizers
from services.pytorch.graphs import captured, pieces
from services.pytorch.layers.norms import batch_norm
from services.pytorch.model import LayersModel, details, norms, training_logits
from services.trial import chunks, matched
from services.trial.chunks import Chunk

# With more, a call becomes cheaper by less than the noise of an epoch, but compiling takes longer:
# of `mnist-mlp`, 24 s with 4 and 20 s with 2; with 1 an epoch took a tenth longer.
STEPS_PER_CALL = 2
# Copies of each number of a plan: a step's own then begin at a multiple of 16 bytes. Inductor
# copies an input that does not.
_ALIGNED = 4

# Parameters, the optimizer's slots, and the model's untrained state.
State = tuple[Sequence[torch.Tensor], Sequence[Sequence[torch.Tensor]], Sequence[torch.Tensor]]
Data = tuple[torch.Tensor, torch.Tensor]  # images and labels, all of them
Call = tuple[torch.Tensor, Mapping[str, torch.Tensor]]  # a chunk, or a piece, on the device
Plan: TypeAlias = (
    torch.Tensor
)  # [steps, numbers of `model.optimizers.Plan`, _ALIGNED], equal in a row
Steps = Callable[[State, Data, Call, Plan], torch.Tensor]


class CompiledSteps:
    """Trains ``model``, in place."""

    def __init__(
        self,
        spec: JobSpec,
        model: LayersModel,
        images: torch.Tensor,
        labels: torch.Tensor,
    ) -> None:
        require_compiler(spec)
        self._spec, self._model = spec, model
        slots = optimizers.slots(spec.optimizer, model.parameters)
        self._state = list(model.parameters), slots, list(model.kept)
        self._data = images, labels
        self._taken = 0
        self._warm = False
        self._drawn: Sequence[str] = tuple(self._blank(1, 1).drawn)
        self._graphs = captured.Captured(self._one_by_one, self._tensors)
        on_gpu = spec.device is Device.CUDA
        self._call: captured.Run = self._graphs if on_gpu else self._several
        # Beside a convolution the cost of a call is nothing, and each step in it compiles for long;
        # a step of several batches has their operations.
        on_cpu = 1 if convolves(spec.layers) or spec.accumulate_steps > 1 else STEPS_PER_CALL
        self._length = captured.STEPS_PER_GRAPH if on_gpu else on_cpu

    @cached_property
    def _steps(self) -> Steps:
        """The compiled function, created at first use: the compiler's import is part of warm-up."""
        spec, products = self._spec, self._model.products
        gradient_scale = spec.gradient_scale  # a power of two, like its inverse: exact
        loss_from, losses_from = losses.mean(spec), losses.each(spec)
        accuracy_from = losses.accuracy(spec)
        augment = augmentation.augment(spec, self._data[0])

        def loss_of(
            parameters: Sequence[torch.Tensor],
            images: torch.Tensor,
            labels: torch.Tensor,
            drawn: Mapping[str, torch.Tensor],
            share: float,
        ) -> tuple[torch.Tensor, tuple[torch.Tensor, list[torch.Tensor]]]:
            made = training_logits(spec.layers, parameters, images, products, drawn)
            return loss_from(made[0], labels) * (share * gradient_scale), made

        gradients_and_loss = torch.func.grad_and_value(loss_of, has_aux=True)

        def computed(
            parameters: Sequence[torch.Tensor],
            images: torch.Tensor,
            labels: torch.Tensor,
            drawn: Mapping[str, torch.Tensor],
        ) -> matched.Computed[torch.Tensor]:
            made: list[matched.Computed[torch.Tensor]] = []
            for part, share in matched.batches(spec, len(labels)):
                numbers = {name: tensor[part] for name, tensor in drawn.items()}
                gradients, (loss, (logits, statistics)) = gradients_and_loss(
                    parameters, images[part], labels[part], numbers, share
                )
                if gradient_scale != 1:
                    gradients = [gradient / gradient_scale for gradient in gradients]
                    loss = loss / gradient_scale
                made.append((gradients, loss, logits, [statistics]))
            return matched.together(made, torch.cat)

        def steps(state: State, data: Data, call: Call, plan: Plan) -> torch.Tensor:
            parameters, slots, kept = state
            images, labels = data
            indices, drawn = call
            measured = []
            for step, (batch, planned) in enumerate(zip(indices, plan, strict=True)):
                numbers = {name: tensor[step] for name, tensor in drawn.items()}
                batch_images = augment(images.index_select(0, batch), numbers)
                batch_labels = labels.index_select(0, batch)
                gradients, loss, logits, found = computed(
                    parameters, batch_images, batch_labels, numbers
                )
                if spec.report_step_details:
                    accuracy = accuracy_from(logits, batch_labels)
                    of_samples = losses_from(logits, batch_labels)
                    rest = details(of_samples, accuracy, norms(gradients))
                    loss = torch.cat([loss.view(1), rest])
                of_step = [number[0] for number in planned]
                optimizers.update(spec.optimizer, parameters, slots, gradients, of_step)
                for statistics in found:
                    batch_norm.keep(spec.layers, kept, statistics)
                measured.append(loss)
            return torch.stack(measured)

        on_cpu = self._data[0].device.type == "cpu"
        compiled: Steps = torch.compile(
            steps,
            fullgraph=True,
            dynamic=False,
            options={"cpp_wrapper": on_cpu},
            **_isolated(),
        )
        return compiled

    def _several(
        self, indices: torch.Tensor, plan: torch.Tensor, *drawn: torch.Tensor
    ) -> torch.Tensor:
        """Run the compiled function on the steps given."""
        numbers = dict(zip(self._drawn, drawn, strict=True))
        return self._steps(self._state, self._data, (indices, numbers), plan)

    def _one_by_one(self, *given: torch.Tensor) -> torch.Tensor:
        """Run the compiled function on each of the steps given."""
        steps = zip(*(each.split(1) for each in given), strict=True)
        return torch.cat([self._several(*step) for step in steps])

    def run(self, chunk: Chunk) -> torch.Tensor:
        """Run the steps of ``chunk``; return their measurements, on the device.

        They have the form that `services.trial.matched.steps_taken` expects.
        """
        plan = schedule(self._spec.optimizer, self._taken, len(chunk))
        parameter = self._state[0][0]  # features may be whole numbers
        numbers = np.repeat(np.stack(plan, 1)[..., np.newaxis], _ALIGNED, axis=2)
        self._taken += len(chunk)
        indices, drawn = device.put_chunk(chunk, self._data[0].device)
        planned = torch.from_numpy(numbers).to(parameter)
        given = indices, planned, *(drawn[name] for name in self._drawn)
        # After the warm-up a compilation would be timed: raise an error instead.
        stance = "fail_on_recompile" if self._warm else "default"
        with torch.no_grad(), torch.compiler.set_stance(stance):
            calls = zip(*(pieces.cut(each, self._length) for each in given), strict=True)
            return torch.cat([self._call(*call) for call in calls])

    def advance(self, steps: int) -> None:
        """Advance as `services.trial.trainer.Trainer.advance`."""
        self._taken = steps

    def begin(self, order: Sequence[NDArray[np.int32]]) -> None:
        """Set what an epoch will `run`."""

    def waited(self) -> float:
        """Return the seconds spent waiting for data since the last call: none, it is in memory."""
        return 0.0

    def warm_up(self, shapes: Sequence[tuple[int, int]]) -> None:
        """Compile for each of ``shapes``, run it, and restore the previous state."""
        values = [tensor.clone() for tensor in self._tensors()]
        for shape in pieces.shapes(shapes, self._length):
            self.run(self._blank(*shape))
        captured.restore(self._tensors(), values)
        self._taken = 0
        self._warm = True
        self._graphs.seal()

    def _blank(self, steps: int, batch: int) -> Chunk:
        return chunks.blank(self._spec, self._data[0].shape, steps, batch, self._model.sites)

    def _tensors(self) -> list[torch.Tensor]:
        """Return all that a step changes."""
        parameters, slots, kept = self._state
        return [*parameters, *itertools.chain(*slots), *kept]


def _isolated() -> dict[str, bool]:
    """Return what has torch.compile count the trainers of one process separately, if it can."""
    known = inspect.signature(torch.compile).parameters
    return {"isolate_recompiles": True} if "isolate_recompiles" in known else {}
