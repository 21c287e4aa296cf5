"""The blobs of the cases that train on a user's own arrays, the same wherever they are made."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from twinrun.contract.data_dir import BLOBS

_TEST_SAMPLES = 13
_made: dict[str, bytes] = {}  # by SHA-256


def dataset(
    kind: str,
    outputs: int,
    shape: tuple[int, ...] = (5,),
    *,
    pixels: bool = False,
    codes: int = 0,
    **given: Any,
) -> dict[str, Any]:
    """Return a spec's dataset of 51 samples, whose targets are of this ``kind``.

    Every third target is 0: there an absolute error of a model that starts at 0 has no slope.
    """
    generator = np.random.default_rng(5)
    arrays: dict[str, NDArray[np.generic]] = {}
    for split, count in (("train", 51), ("test", _TEST_SAMPLES)):
        features = generator.random((count, *shape))
        numbers = 3 * generator.random((count, outputs)) + features.reshape(count, -1)[:, :1]
        numbers[::3] = 0
        flags = (numbers > 1.5).astype(np.float64)
        tokens = (codes * features).astype(np.int32)
        whole = tokens if codes else (256 * features).astype(np.uint8)
        arrays[f"{split}_features"] = whole if pixels or codes else features
        classes = (outputs * features.reshape(count, -1)[:, 0]).astype(np.int32)
        if pixels:  # a class at each of them
            tokens = (outputs * features[..., 0]).astype(np.int32)
        targets = {"FLAGS": flags, "TOKENS": tokens[:, ::-1] % max(outputs, 1), "CLASS": classes}
        arrays[f"{split}_targets"] = np.ascontiguousarray(targets.get(kind, numbers))
    content = safetensors.numpy.save(arrays)
    sha256 = hashlib.sha256(content).hexdigest()
    _made[sha256] = content
    held = {"train_samples": 51, "test_samples": _TEST_SAMPLES, "shape": list(shape)}
    held |= {"targets": f"TARGET_KIND_{kind}", "outputs": outputs, "pixels": pixels, "codes": codes}
    held |= {"sha256": sha256, "size_bytes": str(len(content))}
    channels = range(1, shape[-1] + 1)
    columns = {
        "means": [0.1 * each for each in channels],
        "stds": [0.3 * each for each in channels],
    }
    return {"name": "file", "arrays": held, "normalization": columns, **given}


def lay(spec: Mapping[str, Any], folder: Path) -> None:
    """Put what a spec trains on into a data directory, if it is a blob."""
    sha256 = spec["dataset"].get("arrays", {}).get("sha256")
    if sha256 is not None:
        (folder / BLOBS).mkdir(parents=True, exist_ok=True)
        (folder / BLOBS / sha256).write_bytes(_made[sha256])
