"""Why mutants leave code as it is, and what covers a branch."""

TELLS = "tells of the trial, and decides nothing in it"
IDIOMATIC = "of the idiomatic recipe, which has no certificate: tests/frameworks/test_idiomatic.py"
OWN = "a framework's own way is its own code, unlike the other's: tests/frameworks/test_own_ways.py"
PREVIEW = "of a preview alone, held against NumPy in tests/frameworks/test_augmentation.py"
TIMES = "a time, or nothing at all"
REFUSES = "refuses, and computes nothing"
SEVERAL = "of jobs on several devices, whose faults tests/frameworks/test_devices.py plants"
IMPORTS, NO_CODE, MEASURES = "imports", "no code", "measures the machine"
# Of the class MatchedTrainer in matched.py.
MATCHED = {
    "MatchedTrainer.environment": TELLS,
    "MatchedTrainer.profiled": TELLS,
    "MatchedTrainer.peak_device_memory_bytes": TELLS,
    "MatchedTrainer.augmented": PREVIEW,
}
# Modules that each framework's folder has, and that compute nothing of a matched job.
BESIDE = {
    "__init__.py": IMPORTS,
    "environment.py": TELLS,
    "layers/__init__.py": IMPORTS,
    "measure.py": MEASURES,
    "summary.py": TELLS,
}

BOTH = "each side of it is in the certificate of a job: float64, and the precision that is timed"
TIMED = "the certificate's trials in the precision and execution in which the job is timed"
EXECUTIONS = "tests/frameworks/test_arithmetic: every execution against the reference, in both"
DETAILS = "tests/frameworks/test_details: with and without step details"
GPU = "on a GPU alone: the certificate runs on the device of the job"
ROUNDED = "bfloat16: test_arithmetic against the reference, and the certificate's timed trials"
GRAPHS = "on a GPU alone: tests/frameworks/test_captured, and bench.gpu on one"
MESSAGE = "words, no arithmetic"
OWN_WAY = "an own way, of which there is no certificate: test_own_ways"
BUILT = "before anything is computed: what is made, or refused"
KIND = "the kind of a layer or array, which names what is compared"
DEVICES = "tests/frameworks/test_devices: with and without step details"
SCALED = "float16: tests/frameworks/test_loss_scale, in each execution"
