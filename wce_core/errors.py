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


OUTSIDE = "{} is {}; expected {}"


def range_error(name: str, value: float, expected: str) -> ValueError:
    """A ValueError for a number that is an option.

    No f-string: of a float that varies from call to call Dynamo makes none, and fails of itself.
    """
    return ValueError(OUTSIDE.format(name, value, expected))


def ragged_error(name: str) -> ValueError:
    """A ValueError for nested lists that are no array."""
    return ValueError(f"{name} is a list of rows of different lengths; expected equal lengths")


STEPS = {
    "categories": "encode classes as 0 … C−1, by .cat.codes of pandas or LabelEncoder of sklearn",
    "missing values": "fill them or drop their rows, or pass numpy.asarray of it if NaN is meant",
    "text": "encode classes as 0 … C−1, by LabelEncoder of sklearn or, of pandas, "
    ".astype('category').cat.codes, and convert numbers by .astype(float)",
    "objects": "convert them, for example by numpy.asarray(…, dtype=float)",
    "dates": "convert them",
}
"""What to do with what is no number."""


def unread_error(name: str, what: str) -> TypeError:
    """A TypeError for what is no number, though NumPy might read it."""
    return TypeError(f"{name} holds {what}; expected numbers: {STEPS[what]}")


def choice_error(name: str, value: object, choices: Iterable[object]) -> ValueError:
    """A ValueError for an option that is not one of its literals."""
    listed = ", ".join(repr(choice) for choice in choices)
    return ValueError(f"{name} is {value!r}; expected one of {listed}")
