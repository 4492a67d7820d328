"""Functions some of whose arguments are bound."""

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def plain(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Return the standard library's partial for one of a subclass, and any other function as it is.

    The configuration makes partials that check at every call what they call, which takes a tenth of a millisecond;
    functions that are called in every iteration are freed from it.
    """
    if isinstance(function, partial):
        return partial(function.func, *function.args, **function.keywords)
    return function
