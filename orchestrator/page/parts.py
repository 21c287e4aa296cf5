"""The common parts of pages: environments, trials, commands, downloads."""

import json
from collections.abc import Mapping, Sequence

from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase, say
from orchestrator.page.blocks import (
    Block,
    Commands,
    Download,
    Folded,
    Listing,
    Note,
    Notes,
    Prose,
    Section,
    Table,
)
from orchestrator.reports import environments
from orchestrator.reports import trials as trials_report
from orchestrator.reports.reproduction import Reproduction
from orchestrator.results.circumstances import Caution
from orchestrator.storage.about import About
from orchestrator.trials.trial import Trial

_TRIALS = Phrase("Every trial")
_TRIALS_CAPTION = Phrase("Trials of the same pair had the same seed and ran one after the other.")
_ENVIRONMENTS = Phrase("Environments")
_ENVIRONMENTS_CAPTION = Phrase("What each side ran on. Rows marked ≠ differ between sides.")
_PACKAGES = Phrase("All packages, {count} in all")
_PACKAGES_CAPTION = Phrase("Versions of installed packages. Rows marked ≠ have different versions.")
_WARNINGS = Phrase("Warnings and remedies")
_REPRODUCE = Phrase("Run it again")
_REPRODUCE_TEXT = Phrase(
    "Save the job below in your current directory, and run it with the same versions "
    "of Twinrun and its environments."
)
_USED_CAPTION = Phrase(
    "What each side used for what the job may leave to it. A value that the job sets is taken; a "
    "default is the framework's own."
)
_FILE = Phrase("The whole job, every value spelled out")
_OWN_FILE = Phrase("The whole job; what each side really used is under Environments")
_JOB = Phrase("Show {name}")
_DATA = Phrase("The data")
_DATA_TEXT = Phrase("All numbers of this page; the run directory has every event and weight.")


def lead(about: About) -> list[str]:
    """Return what ran, and when."""
    return [about.workload, *([f"{about.time:%Y-%m-%d %H:%M} UTC"] if about.time else [])]


def trials_section(trials: Mapping[str, Sequence[Trial]]) -> Section:
    table = Table(say(_TRIALS_CAPTION), trials_report.table(trials))
    return Section("trials", say(_TRIALS), [table])


def environments_section(found: Mapping[str, job_pb2.Environment | None]) -> Section:
    """Return environments by side, with differences marked."""
    properties, packages = environments.properties(found), environments.packages(found)
    blocks: list[Block] = [Table(say(_ENVIRONMENTS_CAPTION), properties)]
    if (used := environments.used(found)).rows:
        blocks.append(Table(say(_USED_CAPTION), used))
    if count := len(packages.rows):
        listed = Table(say(_PACKAGES_CAPTION), packages)
        blocks.append(Folded(say(_PACKAGES, count=count), listed))
    return Section("environments", say(_ENVIRONMENTS), blocks)


def warnings_section(cautions: Sequence[Caution]) -> list[Section]:
    if not cautions:
        return []
    return [Section("warnings", say(_WARNINGS), [notes(cautions)])]


def notes(cautions: Sequence[Caution]) -> Notes:
    return Notes([Note(each.code, say(each.sentence), say(each.remedy)) for each in cautions])


def reproduce_section(found: Reproduction, *, own: bool = False) -> Section:
    """Return how to run it again; ``own``: a side may have used its framework's defaults."""
    caption = say(_OWN_FILE if own else _FILE)
    file = Download(found.file, "application/yaml", found.job.encode(), caption)
    return Section(
        "reproduce",
        say(_REPRODUCE),
        [
            Prose(say(_REPRODUCE_TEXT)),
            file,
            Commands(say(_REPRODUCE), found.lines),
            Listing(say(_JOB, name=found.file), found.job),
        ],
    )


def data_section(name: str, result: Mapping[str, object], text: str) -> Section:
    """Return the section; ``result``: the contents of the file ``name``."""
    content = json.dumps(result, ensure_ascii=False, separators=(",", ":")).encode()
    return Section(
        "data",
        say(_DATA),
        [Prose(say(_DATA_TEXT)), Download(name, "application/json", content, text)],
    )
