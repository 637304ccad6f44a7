"""Kinds of numbers: how they are usually, at their edges, and where they are not finite."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan
from random import Random
from typing import Any

from hypothesis import strategies as st

from wce_conformance.oracle import round_to

INTEGERS = {
    "int8": (-(2**7), 2**7 - 1),
    "int16": (-(2**15), 2**15 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint8": (0, 2**8 - 1),
}
LARGEST = {"float64": 2.0**1000, "float32": 2.0**100, "float16": 65504.0, "bfloat16": 2.0**100}
"""So that a sum of some of them is a number of their dtype; the vectors go to the last one."""
SMALLEST = {"float64": 2.0**-1022, "float32": 2.0**-126, "float16": 2.0**-24, "bfloat16": 2.0**-126}
TEMPERS = ("plain", "plain", "edges", "wild")
"""How much of a kind an array holds: usual numbers, those at its edges, those that are not finite
or of a size that only this kind can bear."""


@dataclass(frozen=True)
class Kind:
    """Numbers of [low, high], and single ones, the simplest first."""

    low: float
    high: float
    edges: tuple[float, ...]
    wild: tuple[float, ...] = ()

    def strategy(self, temper: str) -> st.SearchStrategy[float]:
        """One number."""
        usual = st.floats(self.low, self.high, width=32, allow_subnormal=False)
        single = {"plain": (), "edges": self.edges, "wild": self.edges + self.wild}[temper]
        return st.one_of(st.sampled_from(single), usual) if single else usual

    def usual(self, random: Random) -> float:
        """One number of [low, high]."""
        return random.uniform(self.low, self.high)


LOGITS = Kind(
    -8.0,
    8.0,
    (0.0, -0.0, 1.0, 20.0, -20.0, 60.0, -88.0, 104.0, -745.0, 1e4, -1e-7, 1e-40, -3e-300),
    (inf, -inf, nan, 1e30, -1e30, 1e300, -1.7e308),
)
PROBABILITIES = Kind(
    0.0,
    1.0,
    (0.5, 1.0, 0.0, 1e-7, 1 - 1e-7, 2.0**-24, 1 - 2.0**-24, 1e-40, 1e-300, 1 - 2.0**-53),
    (nan,),
)
LOG_PROBABILITIES = Kind(
    -8.0, 0.0, (0.0, -0.0, -1e-7, -1e-9, -1e-17, -60.0, -104.0, -745.0, -1e4, 1e-16), (-inf, nan)
)
FORMS = {
    "logits": LOGITS,
    "probabilities": PROBABILITIES,
    "log_probabilities": LOG_PROBABILITIES,
}
"""Of what ``form`` says that predictions are."""
SHARES = Kind(0.0, 1.0, (0.0, 1.0, 0.5, 1e-9, 1 - 1e-9, 1 - 2.0**-53, 1e-30))
MASSES = Kind(0.0, 5.0, (0.0, 1.0, 0.5, 1e-9, 1e-20, 1e20))
WEIGHTS = Kind(0.0, 4.0, (0.0, 1.0, 2.0, 1e-9, 1e9), (1e-50, 1e50, 1e-15, 1e15))
SIGNED_WEIGHTS = Kind(-4.0, 4.0, (*WEIGHTS.edges, -1.0, -1e-9, -1e9), WEIGHTS.wild)
GARBAGE = (nan, inf, -inf, -1.0, 7.0, 1e300)
"""What may stand where nothing is read."""


def held(value: float, dtype: str, *, flushed: bool) -> Any:
    """The nearest number that the dtype has; infinite only if it was.

    ``flushed``: without subnormal numbers, which XLA and TensorFlow read as 0.
    """
    if dtype in INTEGERS:
        low, high = INTEGERS[dtype]
        return int(min(max(value, low), high))
    rounded = round_to(value, dtype)
    if abs(rounded) == inf and abs(value) != inf:
        return LARGEST[dtype] if value > 0 else -LARGEST[dtype]
    if flushed and dtype != "float16" and 0 < abs(rounded) < SMALLEST[dtype]:
        return 0.0
    return rounded
