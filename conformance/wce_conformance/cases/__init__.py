"""Small cases on which implementations of the losses can be compared with the oracle.

`small_cases()` gives a few hundred: `systematic` ones, in which every two settings that go
together meet, `extreme` ones, each hunting a kind of bug, `further` ones of the losses that
differ from the cross-entropies in their term, and those of losses of regions.
"""

from wce_conformance.cases.case import Argument, Case, Tensor
from wce_conformance.cases.extreme import extreme_cases
from wce_conformance.cases.further import further_cases
from wce_conformance.cases.of_regions import region_cases
from wce_conformance.cases.systematic import systematic_cases

__all__ = [
    "Argument",
    "Case",
    "Tensor",
    "extreme_cases",
    "further_cases",
    "region_cases",
    "small_cases",
    "systematic_cases",
]


def small_cases() -> list[Case]:
    """All cases, the same in every run; ids are unique."""
    return [*systematic_cases(), *extreme_cases(), *further_cases(), *region_cases()]
