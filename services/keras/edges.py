"""The losses of `fit` by chunk, as Keras reports them: as means over the epoch so far."""

import keras
import numpy as np
from numpy.typing import NDArray
from twinrun.contract.spec import JobSpec


class Edges(keras.callbacks.Callback):  # type: ignore[misc] # Keras's is Any
    """Converts Keras's means over the epoch so far into those of each chunk, at its edge."""

    def __init__(self, spec: JobSpec, samples: int) -> None:
        super().__init__()
        self.chunks: list[tuple[NDArray[np.floating], NDArray[np.floating]]] = []
        self.steps = 0
        self._every, self._samples = spec.report_every_steps, samples
        self._batch, self._batches = spec.batch_size, spec.accumulate_steps
        self._before = np.zeros(2)  # sums over the samples until the last edge
        self._began = 0

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        taken = batch + 1
        self.steps = -(-taken // self._batches)
        seen = min(taken * self._batch, self._samples)
        if not logs or (taken % (self._every * self._batches) and seen < self._samples):
            return
        sums = np.array([float(logs["loss"]), float(logs.get("accuracy", np.nan))]) * seen
        loss, accuracy = (sums - self._before) / (seen - self._began * self._batch * self._batches)
        steps = self.steps - self._began
        self.chunks.append((np.full(steps, loss), np.full(steps, accuracy)))
        self._before, self._began = sums, self.steps
