"""Steps of a model of the user's code that torch.compile has compiled, as its users do.

Forward and backward are compiled; the optimizer and all that is measured run op by op, since what
a user's module does to its buffers cannot be inside of one function of the whole step.
"""

from collections.abc import Sequence

import torch
from twinrun.contract.spec import JobSpec

from services.errors import CodeFailed, Unsupported
from services.machine.compiler import require_compiler
from services.pytorch.code.model import CodeModel
from services.pytorch.eager_steps import EagerSteps
from services.trial.chunks import Chunk

_NEVER = "fail_on_recompile"


class CompiledCodeSteps(EagerSteps):
    """Trains ``model``, in place."""

    def __init__(
        self, spec: JobSpec, model: CodeModel, images: torch.Tensor, labels: torch.Tensor
    ) -> None:
        require_compiler(spec)
        model.built.compile()
        self._file = model.built.file
        self._warm = False
        super().__init__(spec, model, images, labels)

    def run(self, chunk: Chunk) -> torch.Tensor:
        """Run the steps as `EagerSteps.run`. Raises Unsupported.

        After the warm-up a compilation would be timed, so there is none.
        """
        try:
            with torch.compiler.set_stance(_NEVER if self._warm else "default"):
                return super().run(chunk)
        except CodeFailed as error:
            if _NEVER not in str(error.__cause__):
                raise
            raise Unsupported(
                f"execution is compiled, but torch.compile would compile the module of "
                f"{self._file} anew while it trains: something in it changes from step to step, "
                "such as a number that counts them; make that a tensor, or use execution default",
                field="execution",
            ) from error

    def warm_up(self, shapes: Sequence[tuple[int, int]]) -> None:
        """Compile for each of ``shapes`` as `EagerSteps.warm_up`."""
        super().warm_up(shapes)
        self._warm = True
