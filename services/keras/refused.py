"""What a runner's process provides for users' code, of which Keras's runners accept none."""

from typing import NoReturn

from services.errors import Unsupported


def refused(*_: object, **__: object) -> NoReturn:
    """Refuse whatever is asked of a user's code. Raises Unsupported."""
    raise Unsupported(
        "Keras's runners do not run a user's own model yet; give the job layers, or take the "
        "runner of tensorflow",
        field="code",
    )
