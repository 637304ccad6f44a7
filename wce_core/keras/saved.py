"""Arguments as JSON has them, and names: what models are saved with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import keras
import numpy as np

from wce_core.dtypes import dtype_name
from wce_core.formulas.links import Convention, Logits, Probabilities


def snake_case(name: str) -> str:
    """``CrossEntropy`` → ``cross_entropy``."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def dtype_of(policy: Any) -> str | None:
    """The name of a dtype, or of the one that a policy, by itself or by name, computes in."""
    if policy is None:
        return None
    if isinstance(policy, str):
        policy = keras.dtype_policies.get(policy)
    return dtype_name(policy.compute_dtype if isinstance(policy, keras.DTypePolicy) else policy)


def encoded(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as JSON has them."""
    return {name: _as_json(name, value) for name, value in arguments.items()}


def decoded(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments again."""
    return {name: _from_json(value) for name, value in arguments.items()}


def _as_json(name: str, value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str, list, tuple)):
        return value
    if name == "dtype":
        return dtype_name(value)
    if isinstance(value, Convention):
        return {value.of: encoded(asdict(value))}
    if isinstance(value, Mapping):  # whose keys JSON would make strings of
        return {"items": [[key, _as_json(name, item)] for key, item in value.items()]}
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    raise TypeError(
        f"{name} is {type(value).__name__}, which is not saved with a model: pass numbers, or "
        "load the model with compile=False and compile it again"
    )


def _from_json(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    for convention in (Probabilities, Logits):
        if convention.of in value:
            return convention(**value[convention.of])
    return dict(value["items"])
