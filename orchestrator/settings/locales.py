"""The user's language, from flags or the environment."""

import itertools
from collections.abc import Mapping, Sequence
from contextlib import suppress

from orchestrator.errors import BadInput
from orchestrator.language.phrases import ENGLISH, LANGUAGES, Phrase, english

VARIABLE = "TWINRUN_LANG"
# The variables for the language of messages; the first that is set counts (POSIX).
_OF_MESSAGES = ("LC_ALL", "LC_MESSAGES", "LANG")
_TRADITIONAL = ("zh_tw", "zh_hk", "zh_mo", "zh_hant")
_UNKNOWN = Phrase("There is no language {given!r}; choose from {known}.")


def named(text: str) -> str:
    """Return the language of that name in any spelling: ``zh-TW``, ``zh_tw``. Raises BadInput."""
    for language in LANGUAGES:
        if text.replace("_", "-").lower() == language.lower():
            return language
    raise BadInput(english(_UNKNOWN, given=text, known=", ".join(LANGUAGES)))


def of(environment: Mapping[str, str]) -> str:
    """Return the language of the environment: $TWINRUN_LANG, else the locale. Raises BadInput."""
    given = environment.get(VARIABLE)
    return named(given) if given else of_locale(environment)


def asked(arguments: Sequence[str]) -> str | None:
    """Return the language of --lang before parsing the command line; None for an unknown one."""
    for flag, value in itertools.pairwise((*arguments, "")):
        name, equals, with_it = flag.partition("=")
        if name == "--lang":
            with suppress(BadInput):
                return named(with_it if equals else value)
    return None


def of_locale(environment: Mapping[str, str]) -> str:
    """Return the language of POSIX's variables: Chinese where it is written traditionally."""
    locale = next((value for name in _OF_MESSAGES if (value := environment.get(name))), "")
    return LANGUAGES[1] if locale.replace("-", "_").lower().startswith(_TRADITIONAL) else ENGLISH
