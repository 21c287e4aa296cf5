"""The flags that commands share, in groups."""

import dataclasses
from collections.abc import Container, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator import frameworks
from orchestrator.actions.repeat import Plan
from orchestrator.cli import completion
from orchestrator.cli.groups import JOB
from orchestrator.frameworks import FRAMEWORKS
from orchestrator.results.circumstances import CODES
from orchestrator.settings import config, trust, versions
from orchestrator.settings.config import Places
from orchestrator.settings.job import JobFlags
from orchestrator.trials.sides import Side


class Recipe(StrEnum):
    MATCHED = "matched"
    IDIOMATIC = "idiomatic"
    BOTH = "both"


class Loop(StrEnum):
    FIT = "fit"
    CUSTOM = "custom"
    BOTH = "both"


if TYPE_CHECKING:
    Framework = StrEnum
else:
    Framework = StrEnum("Framework", {name.upper(): name for name in FRAMEWORKS})

ALL = ",".join(frameworks.usual())
FrameworkOption = Annotated[Framework, typer.Option("--framework", "-f", help="The framework.")]
FrameworksOption = Annotated[
    str, typer.Option(help="Frameworks, separated by commas.", autocompletion=completion.frameworks)
]
BaselineOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="The side that the others are compared with; default: the first."
    ),
]
LabelOption = Annotated[
    str,
    typer.Option(
        metavar="TEXT",
        help="Your own words for the run, which 'orchestrator runs' shows.",
        rich_help_panel="Output",
    ),
]
IsolateOption = Annotated[
    bool,
    typer.Option(
        "--isolate",
        help="Give each layer what the other side's layers return, and list all that differ.",
    ),
]
ReproduceOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Write the first layer that differs into DIR as a program for each framework and one "
        "file of arrays, which need no Twinrun.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


def _option(panel: str, *names: str, **settings: Any) -> Any:
    return typer.Option(*names, rich_help_panel=panel, **settings)


_WHERE, _SHOWN = "Where it runs", "Output"
_SURE = "Interval"


@dataclass(frozen=True, kw_only=True)
class JobOptions(JobFlags):
    """The flags of `JobFlags`, and ``--set`` for all other fields."""

    workload: Annotated[
        str | None,
        _option(
            JOB,
            "--workload",
            "-w",
            help="A name from 'orchestrator workloads', or your own file, mine.yaml.",
            autocompletion=completion.presets,
            show_default=config.USUAL,
        ),
    ] = None
    changed: Annotated[
        list[str] | None,
        _option(
            JOB,
            "--set",
            metavar="FIELD=VALUE",
            help="Any other field of the job spec, in YAML: --set 'optimizer={sgd: "
            "{momentum: 0.9}, learning_rate: 0.05}'. Repeatable.",
        ),
    ] = None

    def changes(self) -> dict[str, Any]:
        """Return the changes by dotted field of the job spec. Raises BadInput."""
        return {**super().changes(), **dict(map(config.assignment, self.changed or []))}


@dataclass(frozen=True, slots=True)
class _Where:
    """Addresses of runners. Each framework also has a flag of its own."""

    runner: Annotated[
        list[str] | None,
        _option(
            _WHERE,
            "--runner",
            metavar="NAME=HOST:PORT",
            help="Address of a framework's runner; default: one on its port, or a "
            "local process. Repeatable. With versions, NAME-2.13=HOST:PORT and "
            "NAME-2.14=HOST:PORT, each is a side of 'compare' or 'verify'.",
        ),
    ] = None

    tls: Annotated[
        list[str] | None,
        _option(
            _WHERE,
            "--tls",
            metavar="[NAME=]DIR",
            envvar="TWINRUN_TLS",
            help="Reach runners, or one framework's, over TLS: the folder that 'orchestrator certs "
            "new' made, or ca.pem and a token. Repeatable.",
        ),
    ] = None

    local: Annotated[
        bool,
        _option(
            _WHERE,
            "--local",
            help="Use only runners of your own on this machine, whatever addresses are set and "
            "whatever listens on the default ports.",
        ),
    ] = False

    @property
    def named(self) -> dict[str, str]:
        """The addresses by --runner, by name of the runner. Raises BadInput."""
        return dict(map(config.runner, self.runner or []))

    def places(self, sides: Sequence[Side] | None = ()) -> Places:
        """Return the places; a version of a framework must be one of ``sides``, if they are known.

        Raises BadInput.
        """
        if sides is not None:
            versions.check_used(self.named, sides)
        if self.local:
            return Places(local=True)
        flags = {name: getattr(self, each.word) for name, each in FRAMEWORKS.items()}
        return Places({**flags, **self.named}, trust=trust.parse(self.tls or []))


def _address(framework: frameworks.Framework) -> Any:
    """Return the flag of one framework."""
    return Annotated[
        str | None,
        _option(
            _WHERE,
            f"--{framework.name}",
            metavar="HOST:PORT",
            envvar=f"TWINRUN_{framework.word.upper()}",
            help="Address of this framework's runner.",
        ),
    ]


if TYPE_CHECKING:
    WhereOptions = _Where
else:
    WhereOptions = dataclasses.make_dataclass(
        "WhereOptions",
        [(each.word, _address(each), None) for each in FRAMEWORKS.values()],
        bases=(_Where,),
        frozen=True,
    )


OutputOption = Annotated[
    Path,
    _option(
        _SHOWN,
        "--output",
        "-o",
        metavar="DIR",
        envvar="TWINRUN_OUTPUT",
        help="Directory of the runs, one directory each.",
    ),
]


@dataclass(frozen=True, slots=True)
class ShownOptions:
    """Where runs are stored, and how results are printed."""

    output: OutputOption = Path("runs")
    as_json: Annotated[bool, _option(_SHOWN, "--json", help="Print results as JSON on stdout.")] = (
        False
    )
    quiet: Annotated[
        bool, _option(_SHOWN, "--quiet", "-q", help="Print only errors on stderr.")
    ] = False


@dataclass(frozen=True, slots=True)
class RepeatOptions:
    """How often, and until which precision."""

    repeats: Annotated[
        int,
        _option(
            _SURE,
            "--repeats",
            "-n",
            min=1,
            max=1000,
            help="Pairs of trials, in a balanced random order. An interval needs 6.",
        ),
    ] = 1
    same_seed: Annotated[
        bool, _option(_SURE, help="Use the same seed for every pair, not the next one for each.")
    ] = False
    until_sure: Annotated[
        bool,
        _option(_SURE, "--until-sure", help="Repeat until the interval is narrow enough."),
    ] = False
    precision_target: Annotated[
        str,
        _option(
            _SURE, metavar="PERCENT", help="With --until-sure: the half-width of the interval."
        ),
    ] = "2%"
    max_minutes: Annotated[
        float,
        _option(_SURE, min=0.1, help="With --until-sure: start no pair after this many minutes."),
    ] = 30.0
    margin: Annotated[
        float | None,
        _option(
            _SURE,
            "--margin",
            metavar="M",
            help="Test whether the task's metric is equivalent: whether it differs by less than M, "
            "in points for an accuracy, else in the metric's own unit.",
        ),
    ] = None
    twice: Annotated[
        Framework | None,
        _option(
            _SURE,
            "--aa",
            metavar="FRAMEWORK",
            help="An A/A test: the same framework on both sides. Its result is this "
            "machine's noise floor, which later verdicts report.",
        ),
    ] = None
    strict: Annotated[
        str | None,
        _option(
            _SURE,
            "--strict",
            metavar="[CODES]",
            help="Exit with code 7 if there is a warning; with codes, such as "
            "BELOW_TARGET,CPU_SHARED, if there is one of these.",
        ),
    ] = None

    def plan(self) -> Plan:
        """Return the plan. Raises BadInput."""
        precision = config.fraction("--precision-target", self.precision_target)
        return Plan(
            self.repeats,
            self.same_seed,
            precision if self.until_sure else None,
            60 * self.max_minutes,
            config.margin("--margin", self.margin),
        )

    def refused(self) -> Container[str]:
        """Return the codes of the warnings that --strict does not accept. Raises BadInput."""
        return config.codes(self.strict, CODES)
