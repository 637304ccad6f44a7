"""Weightings: one file each, and the registry by argument name.

The order is that of application; exclusions come first.
"""

from .base import Weighing, Weighting
from .class_weight import ClassWeight
from .cost_matrix import CostMatrix
from .costs import Costs
from .ignore_index import IgnoreIndex
from .mask import Mask
from .pos_weight import PosWeight
from .sample_weight import SampleWeight
from .soft import FACTORS, SOFT_WEIGHTINGS

WEIGHTINGS: dict[str, Weighting] = {
    weighting.name: weighting
    for weighting in (
        Mask(),
        IgnoreIndex(),
        ClassWeight(),
        PosWeight(),
        SampleWeight(),
        CostMatrix(),
        Costs(),
    )
}


def register(weighting: Weighting) -> None:
    """Adds a weighting: losses made by ``losses.categorical_loss`` and ``binary_loss`` take it.

    Raises
    ------
    ValueError
        If there is one of that name.

    """
    if weighting.name in WEIGHTINGS:
        raise ValueError(f"there is a weighting named {weighting.name!r} already")
    WEIGHTINGS[weighting.name] = weighting


__all__ = ["FACTORS", "SOFT_WEIGHTINGS", "WEIGHTINGS", "Weighing", "Weighting", "register"]
