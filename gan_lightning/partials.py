"""Functions some of whose arguments are bound."""

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def plain(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Return the standard library's partial for one of a subclass, or the function itself where nothing is bound.

    The configuration makes partials that check at every call what they call, which takes a tenth of a millisecond;
    functions that are called in every iteration are freed from it.
    """
    if isinstance(function, partial):
        is_bound = function.args or function.keywords
        return partial(function.func, *function.args, **function.keywords) if is_bound else function.func
    return function
