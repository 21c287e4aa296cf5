"""The flags of a job: each is defined here once, for the command line, its file and functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

from twinrun.contract.enums import Device, Execution, Precision

from orchestrator.errors import BadInput
from orchestrator.frameworks import taking_code
from orchestrator.language.phrases import Phrase, english
from orchestrator.settings import workloads
from orchestrator.settings.config import USUAL

_NO_TARGET = Phrase("--reach takes METRIC=VALUE, such as accuracy=0.9; it was given {text!r}.")
_NO_SCHEDULE = Phrase(
    "--schedule takes KIND=STEPS, such as cosine=20000, where KIND is one of {known}; it was given "
    "{text!r}."
)
_NO_CODE = Phrase(
    "--code takes NAME=FILE:FUNCTION, such as pytorch=net.py:build, where NAME is one of {known}; "
    "it was given {text!r}."
)
_NO_CHOICE = Phrase("{flag} is {given!r}; it can be {known}.")


# Of schedules that --schedule sets, the field of their steps.
SCHEDULES: Mapping[str, str] = {
    **dict.fromkeys(("cosine", "exponential", "polynomial", "one_cycle"), "steps"),
    "cosine_restarts": "steps",
    "step": "every",
}


@dataclass(frozen=True, slots=True)
class Flag:
    """``help``: what it changes, as a phrase. ``field``: of the job spec, dotted; "": its own name.

    ``metavar``: the placeholder for its value; None: its type.
    """

    help: str
    field: str = ""
    metavar: str | None = None


@dataclass(frozen=True, kw_only=True)
class JobFlags:
    """A workload, and what each flag changes in it; None: nothing."""

    workload: str | None = None
    data: Annotated[
        str | None,
        Flag(
            help="Your own data: .csv .tsv .parquet .npz, or a folder of images; without "
            "--workload it gets a model of its own.",
            field="dataset.file.path",
            metavar="PATH",
        ),
    ] = None
    target: Annotated[
        str | None,
        Flag(
            help="What is to be predicted from --data: columns, separated by commas, or an array.",
            field="dataset.file.target",
            metavar="NAME",
        ),
    ] = None
    code: Annotated[
        list[str] | None,
        Flag(
            help="A model in your own code, in place of the workload's layers, such as "
            "pytorch=net.py:build: a torch.nn.Module, keras.Model or flax.nnx.Module. Once for "
            "each framework; one without it takes the layers.",
            metavar="NAME=FILE:FUNCTION",
        ),
    ] = None
    epochs: Annotated[int | None, Flag(help="Passes over the data.")] = None
    batch_size: Annotated[int | None, Flag(help="Samples in a batch.")] = None
    learning_rate: Annotated[
        float | None, Flag(help="Learning rate of the optimizer.", field="optimizer.learning_rate")
    ] = None
    schedule: Annotated[
        str | None,
        Flag(
            help="How the learning rate changes, such as cosine=20000: over so many steps; or "
            "step=5000: it falls after each so many.",
            field="optimizer.schedule",
            metavar="KIND=STEPS",
        ),
    ] = None
    warmup: Annotated[
        int | None,
        Flag(
            help="Steps in which the learning rate rises from 0.",
            field="optimizer.schedule.warmup_steps",
            metavar="STEPS",
        ),
    ] = None
    clip_norm: Annotated[
        float | None,
        Flag(
            help="Largest norm of all gradients together.", field="optimizer.clip", metavar="LIMIT"
        ),
    ] = None
    accumulate: Annotated[
        int | None,
        Flag(
            help="Batches whose gradients make one update.",
            field="accumulate_steps",
            metavar="BATCHES",
        ),
    ] = None
    patience: Annotated[
        int | None,
        Flag(
            help="End after so many epochs in a row without a better validation loss.",
            field="early_stopping.patience",
            metavar="EPOCHS",
        ),
    ] = None
    seed: Annotated[
        int | None, Flag(help="Seed of initial weights, batch order and synthetic data.")
    ] = None
    device: Annotated[Device | None, Flag(help="Device of the framework.")] = None
    devices: Annotated[
        int | None,
        Flag(
            help="Devices that share each batch, data parallel; on a CPU processes, or parts of "
            "one.",
            metavar="N",
        ),
    ] = None
    execution: Annotated[
        Execution | None,
        Flag(
            help="default: as the framework does by itself; eager: op by op, where it can; "
            "compiled: its compiler makes programs of the steps, by torch.compile or XLA."
        ),
    ] = None
    precision: Annotated[
        Precision | None,
        Flag(help="float16, bfloat16: products alone; on cpu not every processor can."),
    ] = None
    threads: Annotated[
        int | None,
        Flag(help="CPU threads of each framework; default: all available CPUs."),
    ] = None
    target_accuracy: Annotated[
        float | None,
        Flag(help="As --reach accuracy=VALUE, 0 to 1."),
    ] = None
    reach: Annotated[
        str | None,
        Flag(
            help="What the test samples should reach, such as roc_auc=0.9: the time until then is "
            "compared.",
            field="target",
            metavar="METRIC=VALUE",
        ),
    ] = None
    train_limit: Annotated[
        int | None,
        Flag(
            help="Use only the first N training samples.", field="dataset.train_limit", metavar="N"
        ),
    ] = None

    @property
    def title(self) -> str:
        """The name for runs of it."""
        if self.workload is None and self.data is not None:
            return Path(self.data).stem or USUAL
        return workloads.title(self.workload or USUAL)

    def changes(self) -> dict[str, Any]:
        """Return the changes, by dotted field of the job spec. Raises BadInput."""
        changes = {
            flag.field or name: in_json(name, value)
            for name, (flag, _) in FLAGS.items()
            if name != "code" and (value := getattr(self, name)) is not None
        }
        return {**changes, **_of_code(self.code or ())}


def _flags() -> dict[str, tuple[Flag, Any]]:
    hints = get_type_hints(JobFlags, include_extras=True)
    arguments = {field.name: get_args(hints[field.name]) for field in fields(JobFlags)}
    return {
        name: (pair[1], pair[0])
        for name, pair in arguments.items()
        if pair and isinstance(pair[1], Flag)
    }


# The flags that change a workload, by name, with their types.
FLAGS: Mapping[str, tuple[Flag, Any]] = _flags()


def choices(name: str) -> list[str]:
    """Return the values that a flag may have, if they are a few names."""
    kinds = get_args(FLAGS[name][1])
    return [str(member) for kind in kinds if issubclass(kind, StrEnum) for member in kind]


def _target(text: str) -> dict[str, Any]:
    """Parse ``roc_auc=0.9``. Raises BadInput."""
    metric, _, value = text.partition("=")
    try:
        return {"metric": metric.strip(), "value": float(value)}
    except ValueError as error:
        raise BadInput(english(_NO_TARGET, text=text)) from error


def _schedule(text: str) -> dict[str, Any]:
    """Parse ``cosine=20000``. Raises BadInput."""
    kind, _, steps = text.partition("=")
    kind, steps = kind.strip(), steps.strip()
    if kind not in SCHEDULES or not steps.isdecimal():
        raise BadInput(english(_NO_SCHEDULE, text=text, known=", ".join(SCHEDULES)))
    return {kind: {SCHEDULES[kind]: int(steps)}}


def _of_code(sources: Sequence[str]) -> dict[str, Any]:
    """Parse ``pytorch=net.py:build`` into changes of the job spec. Raises BadInput."""
    changes: dict[str, Any] = {}
    for text in sources:
        framework, _, place = text.partition("=")
        file, _, function = place.rpartition(":")
        file, function = (file, function) if file else (place, "")
        if framework not in taking_code() or not file:
            known = ", ".join(taking_code())
            raise BadInput(english(_NO_CODE, text=text, known=known))
        changes[f"code.{framework}.file"] = file
        if function:
            changes[f"code.{framework}.function"] = function
    return changes


def in_json(name: str, value: Any) -> Any:
    """Write a flag's value as in proto's JSON mapping: ``DEVICE_CPU`` for the device ``cpu``."""
    known = choices(name)
    if name == "target":
        return [each.strip() for each in value.split(",")]
    if name == "reach":
        return _target(value)
    if name == "schedule":
        return _schedule(value)
    if name == "clip_norm":
        return {"global_norm": {"limit": value}}
    return f"{name}_{one_of(name, value, known)}".upper() if known else value


def one_of(name: str, value: str, choices: Sequence[str]) -> str:
    """Return the value of a flag or keyword, which must be a known one. Raises BadInput."""
    if value not in choices:
        raise BadInput(english(_NO_CHOICE, flag=name, given=value, known=", ".join(choices)))
    return value
