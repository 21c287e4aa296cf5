"""Questions to runners before any trial: the completed job, and whether trials may overlap."""

from collections.abc import Mapping, Sequence

from twinrun.v1 import job_pb2

from orchestrator.frameworks import FRAMEWORKS, parted
from orchestrator.gate.spec import check_same
from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.language.words import label
from orchestrator.runners import coded
from orchestrator.runners.finding import Runners
from orchestrator.trials.sides import Side, runners_of

_ON_A_CPU = Phrase("trials on a CPU would take time from each other")
_NO_GPU = Phrase("the {framework} runner does not report which GPU it uses")
_ONE_GPU = Phrase("the {first} and {second} runners both use the GPU {gpu}")


def completed(spec: job_pb2.JobSpec, names: Sequence[str], runners: Runners) -> job_pb2.JobSpec:
    """Return the spec with every default filled in, so that no trial fills in its own.

    ``names`` of the runners. The arrays of a model of code are paired first, which names its
    weights in any recipe.

    Raises BadInput if a runner refuses it, NotTheSameJob if its models do not pair, WrongRunner if
    two runners complete it differently.
    """
    clients = [runners.get(name) for name in names]
    whole = job_pb2.JobSpec()
    whole.CopyFrom(spec)
    if not whole.HasField("threads"):
        whole.threads = min(client.info().available_cpus for client in clients)
    if whole.HasField("code") and not whole.code.tensors:
        # Another version of a framework has the same model.
        first = {client.framework: client for client in reversed(clients)}
        of_each = dict.fromkeys(client.framework for client in clients)
        whole = coded.paired(whole, [first[name] for name in of_each])
    given = [client.validate(whole) for client in clients]  # each may refuse
    check_same(names, given)
    return given[0]


def accepted(spec: job_pb2.JobSpec, sides: Sequence[Side], runners: Runners) -> job_pb2.JobSpec:
    """Return the spec completed, as the runner of every side accepts it with the side's changes.

    Raises as `completed`.
    """
    whole = completed(spec, runners_of(sides), runners)
    for side in sides:
        if side.changes:
            completed(side.spec(whole), [side.runner], runners)
    return whole


def untrained(
    spec: job_pb2.JobSpec, names: Sequence[str], runners: Runners
) -> dict[str, job_pb2.JobSpec]:
    """Return the completed spec for each of the runners to answer a question without training.

    It is of one device, and of Keras's runners in the recipe that they have. Raises as `completed`.
    """
    of_keras = [name for name in names if (known := FRAMEWORKS.get(parted(name)[0])) and known.on]
    others = [name for name in names if name not in of_keras]
    asked = job_pb2.JobSpec()
    asked.CopyFrom(spec)
    asked.ClearField("devices")
    if not asked.HasField("threads"):
        asked.threads = min(runners.get(name).info().available_cpus for name in names)
    found = dict.fromkeys(others, completed(asked, others, runners)) if others else {}
    if of_keras:
        asked.recipe = job_pb2.RECIPE_IDIOMATIC
        found |= dict.fromkeys(of_keras, completed(asked, of_keras, runners))
    return {name: found[name] for name in names}


def why_not_at_once(
    specs: Mapping[str, job_pb2.JobSpec], environments: Mapping[str, job_pb2.Environment | None]
) -> Sentence | None:
    """Return why trials of the frameworks may not overlap; None: each has its own GPUs.

    ``specs`` of the trials by framework, and ``environments``, None if not known.
    """
    if any(spec.device != job_pb2.DEVICE_CUDA for spec in specs.values()):
        return english(_ON_A_CPU)
    users: dict[str, str] = {}
    for framework, environment in environments.items():
        # A trial uses the first GPUs that it sees: as many as it has devices.
        count = specs[framework].devices or 1
        gpus = [each.uuid for each in environment.accelerators[:count]] if environment else []
        if not gpus or not all(gpus):
            return english(_NO_GPU, framework=label(framework))
        for gpu in gpus:
            if gpu in users:
                names = {"first": label(users[gpu]), "second": label(framework)}
                return english(_ONE_GPU, **names, gpu=gpu)
            users[gpu] = framework
    return None
