"""``soft_weighting``: what class weights mean for soft targets.

Each rule turns class weights into an item factor by the shares r before smoothing. ``per_class``
is not here: it weighs the mass itself, inside the sum.
"""

from collections.abc import Callable
from typing import Any

from wce_core.formulas.targets.base import Targets
from wce_core.types import Array

FACTORS: dict[str, Callable[[Targets, Any], Array]] = {
    "mixture": lambda mass, weights: mass.mean_weight(weights),
    "geometric": lambda mass, weights: mass.geometric_weight(weights),
    "hard": lambda mass, weights: mass.largest_share_weight(weights),
}
SOFT_WEIGHTINGS = ("per_class", *FACTORS)
