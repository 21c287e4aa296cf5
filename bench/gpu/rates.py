"""Part ``rates``: where a framework runs, and the card's rates as `env --measure` takes them."""

import importlib
import sys
from dataclasses import asdict, replace

from twinrun.contract.enums import Device, Precision

from bench.gpu.part import Table, options, save, workload
from services.frameworks import FRAMEWORKS

SHOWN = ("framework_version", "python_version", "cuda_version", "cudnn_version", "driver_version")


def main() -> int:
    chosen = options()
    (framework,) = chosen.frameworks
    module = importlib.import_module(FRAMEWORKS[framework].module)
    measure = importlib.import_module(f"{FRAMEWORKS[framework].module}.measure").measure
    environment = asdict(module.environment())
    where = Table(f"{framework}: where", ["what", "is"])
    where.rows += [[name, str(environment[name])] for name in SHOWN]
    where.rows.append(["accelerators", str(environment["accelerators"])])
    rates = Table(f"{framework}: rates", ["precision", "TFLOP/s", "GB/s"])
    job = workload("mnist-mlp", chosen, chosen.samples)
    hows = {"float32": job}
    if chosen.device is Device.CUDA:
        hows["bfloat16"] = replace(job, precision=Precision.BFLOAT16)
        hows["tf32"] = replace(job, allow_tf32=True)
    for name, each in hows.items():
        found = measure(each)
        figures = found.operations_per_second / 1e12, found.bytes_per_second / 1e9
        rates.rows.append([name, *(f"{figure:.4g}" for figure in figures)])
        print(framework, rates.rows[-1], flush=True)
        save(chosen, where, rates)
    return 0


if __name__ == "__main__":
    sys.exit(main())
