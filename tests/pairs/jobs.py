"""Jobs of the corpus: the spec of a pair, whose data and code are blobs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import json_format
from twinrun.contract.data_dir import BLOBS
from twinrun.v1 import job_pb2

from orchestrator.data import blob, code
from orchestrator.trials.mappings.names import in_proto
from tests.builders.ports import ALL_FILES, FUNCTION, Fault, Port

_TRAIN, _TEST = 96, 32
_KINDS = {"softmax_cross_entropy": "CLASS", "sigmoid_cross_entropy": "FLAGS"}


def job(
    port: Port,
    data_dir: Path,
    frameworks: Sequence[str],
    fault: Fault | None = None,
    **changes: Any,
) -> job_pb2.JobSpec:
    """Return a pair's job in float64, its files kept in ``data_dir``; with a fault in one file."""
    blobs = data_dir / BLOBS
    features, targets = port.samples(_TRAIN + _TEST)
    classes = targets.dtype.kind == "i"
    targets = targets.astype(np.int32 if classes else np.float64)
    arrays = blob.write(
        {
            "train_features": features[:_TRAIN],
            "train_targets": targets[:_TRAIN],
            "test_features": features[_TRAIN:],
            "test_targets": targets[_TRAIN:],
        },
        blobs,
    )
    mapping: Mapping[str, Any] = {
        "dataset": {
            "name": "file",
            "file": {"path": "made.npz", "target": ["y"]},
            "arrays": {
                "sha256": arrays.sha256,
                "size_bytes": arrays.size,
                "train_samples": _TRAIN,
                "test_samples": _TEST,
                "shape": port.shape,
                "targets": f"TARGET_KIND_{_KINDS.get(port.loss, 'NUMBERS')}",
                "outputs": port.outputs,
                "classes": [str(number) for number in range(port.outputs)] if classes else [],
            },
            "normalization": {"mean": 0.0, "std": 1.0},
        },
        "loss": {port.loss: {}},
        "optimizer": {"adam": {}, "learning_rate": 1e-3},
        "precision": "PRECISION_FLOAT64",
        "batch_size": 16,
        "threads": 1,
        **changes,
    }
    spec = json_format.ParseDict(
        in_proto(dict(mapping), job_pb2.JobSpec.DESCRIPTOR), job_pb2.JobSpec()
    )
    spec.code.pairs.update(port.pairs)
    for framework in frameworks:
        source = getattr(spec.code, framework)
        source.file, source.function = str(port.file(framework)), FUNCTION
        if fault is not None and fault.side == framework:
            path = data_dir / "faulty" / port.name / ALL_FILES[framework]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(fault.changed())
            source.file = str(path)
    code.prepare(spec, blobs)
    return spec
