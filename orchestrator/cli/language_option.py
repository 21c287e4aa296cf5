"""The flag ``--lang``, which may follow a command or precede it."""

import os
from typing import Annotated

import typer

from orchestrator.language.phrases import LANGUAGES
from orchestrator.settings import locales

LanguageOption = Annotated[
    str | None,
    typer.Option(
        "--lang",
        metavar=f"[{'|'.join(LANGUAGES)}]",
        help="Language of the output; default: TWINRUN_LANG or the locale. Stored "
        "data is in English.",
        rich_help_panel="Output",
        show_default=False,
    ),
]


def chosen(context: typer.Context) -> str:
    """Return the language: the command line, after or before the command; else environment, file.

    Raises BadInput.
    """
    for source in ("COMMANDLINE", "ENVIRONMENT", "DEFAULT_MAP"):
        for each in (context, context.parent):
            origin = each.get_parameter_source("lang") if each else None
            if each and origin and origin.name == source:
                return locales.named(each.params["lang"])
    return locales.of(os.environ)
