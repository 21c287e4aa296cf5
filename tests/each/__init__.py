"""What the tests must know of each framework: a module of its name, which has all of `NAMES`.

Tests without a framework read it too, so it imports its framework within functions alone.
"""

import importlib
from types import ModuleType

NAMES = {
    "MUTATED": "by file of its folder, the functions that mutants leave as they are, with reasons",
    "LEFT_OUT": "the other files of its folder, each with the reason why no mutant changes it",
    "COVERED": "each branch by dtype, execution, device or details, and what covers it",
    "UNREAD": "fields of a job that it does not read",
    "LOSSES": "what the modules that train ask of its losses",
    "STEPS": "the class of the steps that a job takes, by case of test_paths",
    "DTYPES": "the module that has its dtypes, by their names",
    "ALWAYS_COMPILED": "whether its default execution is the compiled one",
    "begin": "prepare it once in a process of tests, before there is an array",
    "compile_shortly": "have it compile quickly, for tests; a folder for what is compiled",
    "compile_for_mutants": "the same where mutants are tried; what to call before each job",
    "load_all": "load what it imports late, so that a mutant of it is imported too",
    "count_traces": "return a list that grows with each graph or program that it makes",
    "array": "make an array of it from NumPy's",
    "augmenting": "return what augments images for a job, with these images at hand",
    "updated": "take an optimizer's steps, by it alone",
}


def of(name: str) -> ModuleType:
    """Return the module of a framework. Raises LookupError: what is missing, and where."""
    where = f"tests/each/{name}.py"
    try:
        found = importlib.import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{name}":
            raise
        raise LookupError(f"There is no {where}, which tells the tests of {name}.") from None
    if lacking := [f"{each} ({what})" for each, what in NAMES.items() if not hasattr(found, each)]:
        raise LookupError(f"{where} lacks {'; '.join(lacking)}.")
    return found
