"""A probability with its complement, which hold all digits near 0 and near 1."""

from typing import NamedTuple

from wce_core.types import Array


class Chance(NamedTuple):
    """What a closed form of logits knows of a class beside its surprisal, to the last digits."""

    p: Array
    rest: Array
    """1 − p."""
