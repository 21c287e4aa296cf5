"""Calls captured in CUDA graphs: one command launches all kernels of a call.

From Python, launching a kernel takes longer than most kernels of a small model run.
"""

from collections.abc import Callable, Sequence

import torch

from services.errors import TrainerFailed

Run = Callable[..., torch.Tensor]
Replay = Callable[[], None]
# Of a chunk, in one graph: the copies before each replay are launched from Python.
STEPS_PER_GRAPH = 10
_FIRST = 3  # calls before the capture: what happens only at first use cannot be captured


class Captured:
    """Calls ``run(*tensors)``, which returns one tensor, by a graph for each list of shapes.

    ``run`` may change tensors in place; ``state`` returns all of these once it has been called. The
    first call with new shapes runs it several times, captures it, and checks that a replay computes
    what ``run`` does, bit by bit: if not, it raises TrainerFailed. After `seal` such a call raises
    RuntimeError, since its time would be counted as training.
    """

    def __init__(self, run: Run, state: Callable[[], Sequence[torch.Tensor]]) -> None:
        self._run = run
        self._state = state
        self._graphs: dict[tuple[torch.Size, ...], _Graph] = {}
        self._sealed = False

    def __call__(self, *arguments: torch.Tensor) -> torch.Tensor:
        shapes = tuple(tensor.shape for tensor in arguments)
        if shapes not in self._graphs:
            if self._sealed:
                raise RuntimeError(f"No graph was captured for the shapes {shapes}.")
            self._graphs[shapes] = graph = _Graph(self._run, arguments)
            self._require_same(graph, arguments)
        return self._graphs[shapes].replayed(*arguments)

    def seal(self) -> None:
        """Capture no more graphs."""
        self._sealed = True

    def _require_same(self, graph: "_Graph", arguments: Sequence[torch.Tensor]) -> None:
        """Compare a replay with plain calls, from one state.

        Where two plain calls already differ, since kernels add in any order, nothing can be said.
        """
        state = self._state()
        values = [tensor.detach().clone() for tensor in state]

        def outcome(call: Run) -> list[torch.Tensor]:
            made = [call(*arguments), *(tensor.detach().clone() for tensor in state)]
            restore(state, values)
            return made

        plain, again, replayed = map(outcome, (self._run, self._run, graph.replayed))
        if _same(plain, again) and not _same(plain, replayed):
            raise TrainerFailed(
                "Steps replayed from a CUDA graph differ from the same steps without one; take "
                "execution default, and please report this."
            )


class _Graph:
    """One captured call: the memory that it reads and writes, and how to run it again."""

    def __init__(self, run: Run, arguments: Sequence[torch.Tensor]) -> None:
        self._arguments = [tensor.clone() for tensor in arguments]
        self._result, self._replay = capture(run, self._arguments)

    def replayed(self, *arguments: torch.Tensor) -> torch.Tensor:
        for kept, tensor in zip(self._arguments, arguments, strict=True):
            kept.copy_(tensor)
        self._replay()
        return self._result.clone()


def capture(run: Run, arguments: Sequence[torch.Tensor]) -> tuple[torch.Tensor, Replay]:
    """Capture ``run(*arguments)``; return its result, which each replay writes again."""
    aside = torch.cuda.Stream()  # what runs before a capture may not be on the default stream
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(_FIRST):
            run(*arguments)
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = run(*arguments)
    return result, graph.replay


def restore(state: Sequence[torch.Tensor], values: Sequence[torch.Tensor]) -> None:
    """Write ``values`` into the tensors of ``state``."""
    with torch.no_grad():
        for tensor, value in zip(state, values, strict=True):
            tensor.copy_(value)


def _same(a: Sequence[torch.Tensor], b: Sequence[torch.Tensor]) -> bool:
    return all(map(torch.equal, a, b))
