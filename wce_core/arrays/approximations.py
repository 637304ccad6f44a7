"""Functions of 0 ≤ u ≤ 1 by products and sums alone, of which a compiler makes fast loops.

XLA does not vectorize its own ``log1p`` over short rows. What has a quotient in it, it writes to
memory where two loops need it, which takes longer than to compute it twice.
"""

from __future__ import annotations

from wce_core.types import Array

# log(1 + u) / u at Chebyshev's points: within 2⁻²⁷ of it in float32, 2⁻⁵⁶ in float64. Highest
# power first.
COEFFICIENTS = {
    "float32": (
        -0.003176057,
        0.019542526,
        -0.05637361,
        0.105436236,
        -0.15269667,
        0.19663274,
        -0.24951616,
        0.3332971,
        -0.49999893,
        1.0,
    ),
    "float64": (
        2.4437973948580947e-05,
        -0.0002827421139374107,
        0.0015535244034334333,
        -0.0054217339910016095,
        0.013598778090617254,
        -0.026398779480743217,
        0.041925709853904154,
        -0.05718978534193906,
        0.07015296236526472,
        -0.08070954578430206,
        0.09009095815198633,
        -0.09979768096586568,
        0.11107211585299538,
        -0.12499427063514382,
        0.14285651975275926,
        -0.16666661848248537,
        0.19999999749856523,
        -0.24999999992009522,
        0.33333333333197523,
        -0.4999999999999908,
        1.0,
    ),
}


STEPS = {"float32": 2, "float64": 3}
"""Newton's, each of which squares the error of a quotient, at first 1/577."""


def log1p_up_to_one(dtype: str, u: Array) -> Array:
    """log(1 + u), within 2 eps; NaN of NaN."""
    value, *rest = COEFFICIENTS[dtype]
    for each in rest:
        value = value * u + each
    return value * u


def reciprocal_up_to_one(dtype: str, u: Array) -> Array:
    """1 / (1 + u), within 1.5 eps; NaN of NaN.

    First p(u) with 1 − (1 + u)·p(u) = T₄(2u − 1) / 577, Chebyshev's polynomial.
    """
    value = ((384.0 / 577.0 - 128.0 / 577.0 * u) * u - 544.0 / 577.0) * u + 576.0 / 577.0
    for _ in range(STEPS[dtype]):
        value = value + value * (1.0 - (value + value * u))
    return value
