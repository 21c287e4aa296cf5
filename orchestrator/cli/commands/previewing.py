"""The command that shows images before training."""

from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

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
from orchestrator.language.words import KEPT
from orchestrator.reports.writers.terminal import console
from orchestrator.results import preview as previews
from orchestrator.results.variants import RECIPES
from orchestrator.runners import asking
from orchestrator.runners.finding import Runners
from orchestrator.runners.planning import completed
from orchestrator.settings import config
from orchestrator.storage.files import write_whole


class _Recipe(StrEnum):
    MATCHED = "matched"
    IDIOMATIC = "idiomatic"


_KINDS = (".png", ".svg")
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
    asked.dataset.train_limit = count
    asked.dataset.ClearField("validation_fraction")
    asked.recipe = RECIPES[recipe.value]
    with closing(Runners(where.places(), to_stderr)) as runners:
        spec = completed(asked, names, runners)
        shown = {name: asking.images(runners.get(name), spec) for name in names}
    result = previews.preview(job.title, spec, shown, config.baseline(baseline, names))
    for written, content in _files(path, plots.preview_canvas(result).drawing()).items():
        write_whole(written, content)
        path = written
    if as_json:
        print_json(previews.as_dict(job.title, result, path))
    else:
        console().print(Text(say(result.sentence)))
        to_stderr(say(KEPT, path=path))


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
