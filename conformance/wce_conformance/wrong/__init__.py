"""Deliberately wrong implementations, each of which the vectors must reject.

A suite that has never failed proves nothing. `reference` computes all losses in plain NumPy and
passes every vector; each class in `weights`, `targets`, `numbers`, `conventions`, `logits`,
`reductions`, `gradients`, `terms`, `rows`, `regions` and `layers` changes one step of it, as real
libraries have it wrong, and names the flag of the vectors that must notice.
"""

from wce_conformance.wrong import (
    conventions,
    gradients,
    layers,
    logits,
    numbers,
    reductions,
    regions,
    rows,
    targets,
    terms,
    weights,
)
from wce_conformance.wrong.reference import Reference
from wce_conformance.wrong.registry import WRONG, Wrong, wrong

__all__ = [
    "WRONG",
    "Reference",
    "Wrong",
    "conventions",
    "gradients",
    "layers",
    "logits",
    "numbers",
    "reductions",
    "regions",
    "rows",
    "targets",
    "terms",
    "weights",
    "wrong",
]
