"""The specification as a program: weighted cross-entropy at sixty digits, in plain loops.

Nothing here is fast, vectorised or clever. Every loss is written from its definition over
items and classes, on exact inputs (a float is its binary value), and every gradient comes from
differentiating that definition step by step. It shares no code with any implementation.

Read it in this order: `surprise` (−log p), `terms` (what it costs), `mass` (targets), `weighting`
(item losses), `reduction`, and then `multiclass` and `binary`, which put them together, and
`losses`, which names them all; `linear` makes logits of hidden states first. Losses of regions go
by `chances` (p), `overlap` (sums of a region and their quotient), `regions`, which puts them
together, and `region_losses`.
"""

from wce_conformance.oracle.binary import binary_cross_entropy
from wce_conformance.oracle.conventions import Probabilities
from wce_conformance.oracle.curvature import curvature
from wce_conformance.oracle.grid import Grid, Nested, map_nested
from wce_conformance.oracle.losses import CALLED, LOSSES, OF_LAYERS, Loss
from wce_conformance.oracle.multiclass import cross_entropy
from wce_conformance.oracle.reduction import Parts
from wce_conformance.oracle.result import Lost, Result
from wce_conformance.oracle.rounding import exact_result, round_to
from wce_conformance.oracle.steps import Logits
from wce_conformance.oracle.surprise import Conventions

__all__ = [
    "CALLED",
    "LOSSES",
    "OF_LAYERS",
    "Conventions",
    "Grid",
    "Logits",
    "Loss",
    "Lost",
    "Nested",
    "Parts",
    "Probabilities",
    "Result",
    "binary_cross_entropy",
    "cross_entropy",
    "curvature",
    "exact_result",
    "map_nested",
    "round_to",
]
