"""The wording of errors: the argument, what it is, what was expected."""

from collections.abc import Iterable


def shape_error(name: str, shape: tuple[int | None, ...], expected: str) -> ValueError:
    """A ValueError for an argument of the wrong shape."""
    return ValueError(f"{name} has shape {shape}; expected {expected}")


def dtype_error(name: str, dtype: str, expected: str) -> TypeError:
    """A TypeError for an argument of the wrong dtype."""
    return TypeError(f"{name} has dtype {dtype}; expected {expected}")


def value_error(name: str, position: tuple[int, ...], value: object, expected: str) -> ValueError:
    """A ValueError for the first offending element."""
    where = f" at position {position}" if position else ""
    return ValueError(f"{name} is {value}{where}; expected {expected}")


def ragged_error(name: str) -> ValueError:
    """A ValueError for nested lists that are no array."""
    return ValueError(f"{name} is a list of rows of different lengths; expected equal lengths")


def choice_error(name: str, value: object, choices: Iterable[object]) -> ValueError:
    """A ValueError for an option that is not one of its literals."""
    listed = ", ".join(repr(choice) for choice in choices)
    return ValueError(f"{name} is {value!r}; expected one of {listed}")
