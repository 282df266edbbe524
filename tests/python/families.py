"""Which members of a family come with the package, and which a test or an example has defined."""

import sys
from typing import Any


def built_in(family: Any) -> dict[str, Any]:
    """By kind. A class in a docstring's example has the name of a module of ours, but is not in it."""
    return {
        kind: member
        for kind, member in family._members.items()
        if member.__module__.startswith("nncpp.")
        and getattr(sys.modules[member.__module__], member.__name__, None) is member
    }
