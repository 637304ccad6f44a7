"""Calls as nodes of a compiler's graph: what is static of one is a text, a constant of the graph.

So it is part of the key under which a compiler keeps programs, on disk, too.
"""

from __future__ import annotations

import base64
import pickle
from typing import Any

import torch

from wce_core.evaluation.spec import LossSpec

allow_in_graph: Any = torch.compiler.allow_in_graph
"""Tells Dynamo to leave a function to AOTAutograd. Unannotated in PyTorch."""
NODES: dict[str, Any] = {}
"""The backends that run nodes of either kind, put here where they are made."""


def written(spec: LossSpec, names: tuple[str, ...], wanted: tuple[str, ...] = ()) -> str:
    """What is static; ``names`` are those of the tensors, ``wanted`` of those with a gradient."""
    return base64.b85encode(pickle.dumps((spec, names, wanted))).decode()


def read(call: str) -> tuple[LossSpec, tuple[str, ...], tuple[str, ...]]:
    """The other way."""
    found: tuple[LossSpec, tuple[str, ...], tuple[str, ...]] = pickle.loads(
        base64.b85decode(call)
    )  # written above
    return found
