"""Errors in a user's Python layer reach a script as what they are, as in pycaffe."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from ..layers.python import UserError

P = ParamSpec("P")
R = TypeVar("R")


def passes_users_errors(function: Callable[P, R]) -> Callable[P, R]:
    """Decorator: raise the error that the user's own code raised, with a note that says in which layer."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except UserError as error:
            original = error.__cause__ or error
            original.add_note(str(error))
        raise original

    return call
