"""Commands before training: one shows images, one fetches data."""

from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from orchestrator.actions import prefetch as prefetching
from orchestrator.actions import preview as previewing
from orchestrator.cli import completion
from orchestrator.cli.options import (
    ALL,
    BaselineOption,
    FrameworksOption,
    JobOptions,
    JsonOption,
    WhereOptions,
)
from orchestrator.cli.output import print_json, to_stderr
from orchestrator.errors import BadInput
from orchestrator.figures.drawing import Drawing
from orchestrator.language.phrases import Phrase, english, say
from orchestrator.language.words import KEPT, label, listed
from orchestrator.reports.writers.terminal import console
from orchestrator.results import preview as previews
from orchestrator.results.recipes import RECIPES
from orchestrator.runners.finding import Runners
from orchestrator.runners.progress import Lines
from orchestrator.settings import config, workloads
from orchestrator.storage.files import write_whole


class _Recipe(StrEnum):
    MATCHED = "matched"
    IDIOMATIC = "idiomatic"


_KINDS = (".png", ".svg")
_READY = Phrase("{dataset}: ready for {frameworks}")
_NO_DATA = Phrase("Nothing to fetch: the data is generated.")
_NO_PICTURE = Phrase(
    "--output is {path}; give a file name that ends in .png or .svg, or a directory."
)


def preview(
    job: JobOptions,
    where: WhereOptions,
    *,
    count: Annotated[
        int, typer.Option("--count", min=1, max=100, help="Number of images, the first ones.")
    ] = 8,
    recipe: Annotated[
        _Recipe, typer.Option("--recipe", help="matched: the same images in both.")
    ] = _Recipe.MATCHED,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="A file that ends in .png or .svg, or a directory; default: the figures of a run.",
        ),
    ] = Path("runs"),
    frameworks: FrameworksOption = ALL,
    baseline: BaselineOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show original training images and what each framework's steps get, in one figure.

    Example: orchestrator preview --workload mnist-augmented --count 8
    """
    from orchestrator.figures import plots  # noqa: PLC0415 - takes a while to import

    names = config.compared(frameworks)
    path = _path(output, job.title)
    asked = config.job_spec(job.workload, job.changes())
    asked.recipe = RECIPES[recipe.value]
    first = config.baseline(baseline, names)
    with closing(Runners(where.places(), to_stderr)) as runners:
        result = previewing.preview(job.title, asked, names, runners, count=count, baseline=first)
    for written, content in _files(path, plots.preview_canvas(result).drawing()).items():
        write_whole(written, content)
        path = written
    if as_json:
        print_json(previews.as_dict(job.title, result, path))
    else:
        console().print(Text(say(result.sentence)))
        to_stderr(say(KEPT, path=path))


def prefetch(
    where: WhereOptions,
    *,
    workload: Annotated[
        str | None,
        typer.Option(
            "--workload",
            "-w",
            help="Only the data of this one, a name or your own file; default: of all.",
            autocompletion=completion.presets,
        ),
    ] = None,
    frameworks: FrameworksOption = ALL,
) -> None:
    """Fetch data before it is needed, for example before a class.

    Each runner reads it once, so this also shows that both frameworks start. It installs nothing:
    'make setup' does.

    Example: orchestrator prefetch --workload mnist-mlp
    """
    names = config.frameworks(frameworks)
    chosen = [workload] if workload else workloads.names()
    with closing(Runners(where.places(), to_stderr)) as runners:
        specs = {name: config.job_spec(name, {}) for name in chosen}
        fetched = prefetching.prefetch(specs, names, runners, Lines(to_stderr))
    for dataset in fetched:
        typer.echo(say(_READY, dataset=dataset, frameworks=listed(list(map(label, names)))))
    if not fetched:
        typer.echo(say(_NO_DATA))


def _path(output: Path, title: str) -> Path:
    """Return the figure's path; without a suffix, a directory and the file name in it."""
    if output.suffix in _KINDS and not output.is_dir():
        return output
    if output.exists() and not output.is_dir():
        raise BadInput(english(_NO_PICTURE, path=output))
    if (output / "job.json").exists():
        return output / "figures" / "preview"
    return output / f"preview-{title}"


def _files(path: Path, drawing: Drawing) -> dict[Path, bytes]:
    """Return the files for ``path``: the type that it names, or all."""
    kinds = {Path(name).suffix: content for name, content in drawing.files().items()}
    if path.suffix in _KINDS:
        return {path: kinds[path.suffix]}
    return {path.with_name(path.name + kind): content for kind, content in kinds.items()}
