"""Runs the program of a trace where its arrays are."""

import numpy as np


def result(traced, framework, folder):
    """Return what the program's calls make, in NumPy."""
    names = [name for name in traced.arrays if name.startswith("case/")]
    arrays = {f"{framework}.{name[5:]}": traced.arrays[name] for name in names}
    np.savez(folder / "case.npz", **arrays)
    names = {}
    exec(traced.model.case.program, names)
    return names["made"]
