"""Options that are wrong whatever the arrays are: at a call, and when a loss is configured."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from wce_conformance.oracle import LOSSES as OF_THE_ORACLE
from wce_core import losses
from wce_core.losses.registry import LOSSES

WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"reduction": "avg"}, ValueError, "reduction is 'avg'; expected one of 'none'"),
    ({"soft_weighting": "soft"}, ValueError, "soft_weighting is 'soft'"),
    ({"form": "odds"}, ValueError, "form is 'odds'"),
    ({"empty": 0}, ValueError, "empty is 0"),
    ({"precision": "high"}, ValueError, "precision is 'high'"),
    ({"validate": "no"}, ValueError, "validate is 'no'; expected one of None, True, False"),
    ({"dtype": "int32"}, TypeError, "dtype=.* int32; expected one of float64"),
    ({"label_smoothing": 2}, ValueError, "label_smoothing is 2"),
    ({"label_smoothing": "0.1"}, TypeError, "label_smoothing is '0.1'"),
    ({"axis": 0.9}, TypeError, "axis is 0.9; expected an integer"),
    ({"axis": "0"}, TypeError, "axis is '0'; expected an integer"),
    ({"ignore_index": "0"}, TypeError, "ignore_index is '0'"),
    ({"ignore_index": float("nan")}, ValueError, "ignore_index is NaN"),
    ({"clip": 0.1}, ValueError, "clip with form='logits'"),
    ({"clip": 0.7, "form": "probabilities"}, ValueError, "clip is 0.7"),
    ({"clip": 0.1, "form": losses.Probabilities()}, ValueError, "clip beside form"),
]
CATEGORICAL: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"smoothing": "other"}, ValueError, "smoothing is 'other'"),
    ({"axis": None}, TypeError, "axis is None"),
]
BINARY: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"form": losses.Probabilities(normalize="before")}, ValueError, "normalize is for rows"),
]


GAMMA: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"gamma": -0.5}, ValueError, "gamma is -0.5; expected a finite number from 0 on"),
    ({"gamma": float("inf")}, ValueError, "gamma is inf"),
    ({"gamma": float("nan")}, ValueError, "gamma is nan"),
    ({"gamma": "2"}, TypeError, "gamma is '2'; expected a finite number"),
    ({"gamma": None}, TypeError, "gamma is None"),
]
RULE: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"rule": "best"}, ValueError, "rule is 'best'; expected one of 'marginal', 'max', 'pinned'"),
    ({"rule": None}, ValueError, "rule is None"),
]
COSTS: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"costs": None}, TypeError, "costs is None; expected a .C, C. array"),
    ({"costs": np.ones((3, 2))}, ValueError, r"costs has shape \(3, 2\); expected \(3, 3\)"),
    ({"costs": np.ones((3, 3), bool)}, TypeError, "costs has dtype bool"),
    ({"costs": -np.ones((3, 3))}, ValueError, r"costs is -1.0 at position \(0, 0\)"),
    ({"costs": np.full((3, 3), np.inf)}, ValueError, "costs is inf"),
]
OWN: dict[str, list[tuple[dict[str, Any], type[Exception], str]]] = {
    "focal_cross_entropy": GAMMA,
    "binary_focal_cross_entropy": GAMMA,
    "any_of_cross_entropy": RULE,
    "expected_cost": COSTS,
    "pairwise_cost": COSTS,
    "poly_cross_entropy": [
        ({"epsilon": -1.5}, ValueError, "epsilon is -1.5; expected a finite number from -1 on"),
        ({"epsilon": float("inf")}, ValueError, "epsilon is inf"),
        ({"epsilon": "1"}, TypeError, "epsilon is '1'"),
    ],
    "generalized_cross_entropy": [
        ({"q": 0.0}, ValueError, r"q is 0.0; expected a number in \(0, 1\]"),
        ({"q": 1.5}, ValueError, "q is 1.5"),
        ({"q": float("nan")}, ValueError, "q is nan"),
        ({"q": "0.7"}, TypeError, "q is '0.7'"),
    ],
    "asymmetric_loss": [
        ({"gamma_positive": -1.0}, ValueError, "gamma_positive is -1.0; expected a finite number"),
        ({"gamma_negative": float("inf")}, ValueError, "gamma_negative is inf"),
        ({"gamma_negative": "4"}, TypeError, "gamma_negative is '4'"),
        ({"margin": 1.0}, ValueError, r"margin is 1.0; expected a number in \[0, 1\)"),
        ({"margin": -0.05}, ValueError, "margin is -0.05"),
        ({"margin": None}, TypeError, "margin is None"),
    ],
}
"""What a loss has beside the options of all."""
REQUIRED: dict[str, dict[str, Any]] = {
    "expected_cost": {"costs": np.ones((3, 3))},
    "pairwise_cost": {"costs": np.ones((3, 3))},
}
"""What a loss is not called without."""


def wrong_of(name: str) -> list[tuple[dict[str, Any], type[Exception], str]]:
    family = CATEGORICAL if LOSSES[name]._categorical else BINARY
    taken = {field.name for field in fields(LOSSES[name])}
    every = [*WRONG, *family, *OWN.get(name, [])]
    return [case for case in every if set(case[0]) <= taken]


@pytest.mark.parametrize("name", LOSSES)
def test_wrong_options(name: str) -> None:
    kind = LOSSES[name]
    shape = (2, 3) if kind._categorical else (2,)
    targets: Any = np.ones(shape, bool) if name == "any_of_cross_entropy" else [0, 1]
    for own, error, message in wrong_of(name):
        options = {**REQUIRED.get(name, {}), **own}
        with pytest.raises(error, match=message):
            getattr(losses, name)(np.full(shape, 0.5), targets, **options)
        with pytest.raises(error, match=message):
            kind(**options)


def test_every_own_option_has_wrong_values() -> None:
    for name in LOSSES:
        assert set(OF_THE_ORACLE[name].own) == {
            option for given, *_ in OWN.get(name, []) for option in given
        }


@pytest.mark.parametrize("name", LOSSES)
def test_an_option_that_it_has_not(name: str) -> None:
    own = REQUIRED.get(name, {})
    other = "pos_weight" if LOSSES[name]._categorical else "smoothing"
    for unknown in ("gama", other):
        with pytest.raises(TypeError, match=unknown):
            getattr(losses, name)(np.zeros((2, 3)), [0, 1], **{unknown: 1.0, **own})
        with pytest.raises(TypeError, match=unknown):
            LOSSES[name](**{unknown: 1.0, **own})
