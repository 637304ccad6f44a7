"""The arguments that metrics share with the losses, and their documentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wce_core.errors import choice_error
from wce_core.evaluation.options import Options
from wce_core.formulas.links import CANDIDATES, CATEGORICAL_LINKS
from wce_core.formulas.terms import NEGATIVE_LOG_LIKELIHOOD
from wce_core.formulas.weightings.balanced import is_balanced
from wce_core.losses.any_of import any_of_cross_entropy
from wce_core.losses.binary_cross_entropy import binary_cross_entropy
from wce_core.losses.cross_entropy import cross_entropy
from wce_core.losses.defined import BINARY, CATEGORICAL
from wce_core.losses.further import completed_by
from wce_core.types import Form

Arguments = tuple[Options, dict[str, Any]]
"""Options, and weights by name."""

OPTIONS = ("axis", "form", "validate")
OF_SETS = ("class_weight", "sample_weight", "mask")
OF_CLASSES = (*OF_SETS, "ignore_index")
OF_LABELS = (*OF_CLASSES, "pos_weight")
"""What metrics take of the losses."""

OF_LOSSES = (
    "cost_matrix",
    "label_smoothing",
    "smoothing",
    "soft_weighting",
    "negative_weights",
    "clip",
    "reduction",
    "normalizer",
    "empty",
    "precision",
    "dtype",
)
"""What they do not: it says how a loss is computed."""


@completed_by(cross_entropy, without=OF_LOSSES)
def class_arguments(  # noqa: D417  # the rest is documented where it comes from
    *, form: Form = "logits", **rest: Any
) -> Arguments:
    """Of exclusive classes.

    Parameters
    ----------
    form
        What the predictions are: ``"logits"``, ``"probabilities"`` or ``"log_probabilities"``.

    """
    return _arguments({"form": form, **rest}, OF_CLASSES, categorical=True)


@completed_by(any_of_cross_entropy, without=("rule", *OF_LOSSES))
def set_arguments(  # noqa: D417  # the rest is documented where it comes from
    *, form: Form = "logits", **rest: Any
) -> Arguments:
    """Of sets of exclusive classes.

    Parameters
    ----------
    form
        What the predictions are: ``"logits"``, ``"probabilities"`` or ``"log_probabilities"``.

    """
    reading = CANDIDATES["marginal"]
    return _arguments({"form": form, **rest}, OF_SETS, categorical=True, reading=reading)


@completed_by(binary_cross_entropy, without=OF_LOSSES)
def label_arguments(  # noqa: D417  # the rest is documented where it comes from
    *, form: Form = "logits", **rest: Any
) -> Arguments:
    """Of two classes.

    Parameters
    ----------
    axis
        That of labels: each is counted by itself. None: all elements together, of any shape;
        weights for labels then stand along the last axis of rank 2 or more.
    form
        What the predictions are: ``"logits"``, ``"probabilities"`` or ``"log_probabilities"``, of
        class 1.

    """
    return _arguments({"form": form, **rest}, OF_LABELS, categorical=False)


def _arguments(
    arguments: Mapping[str, Any], weights: tuple[str, ...], *, categorical: bool, **fixed: Any
) -> Arguments:
    """TypeError or ValueError for what a metric does not take."""
    unknown = [name for name in arguments if name not in (*OPTIONS, *weights)]
    if unknown:
        expected = ", ".join((*weights, *OPTIONS))
        raise TypeError(f"the metric has no argument {unknown[0]!r}; expected one of {expected}")
    if not isinstance(arguments["form"], str):  # a convention, which is a loss's
        raise choice_error("form", arguments["form"], CATEGORICAL_LINKS)
    given = {name: arguments[name] for name in weights if name in arguments}
    balanced = is_balanced(given.get("class_weight"))
    if balanced:
        given["class_weight"] = None
    own = {name: arguments[name] for name in OPTIONS if name in arguments}
    filled = {**(CATEGORICAL if categorical else BINARY), "smoothing": "uniform", **own}
    filled |= {"reduction": "parts", "balanced": balanced, "term": NEGATIVE_LOG_LIKELIHOOD}
    return Options(**filled, categorical=categorical, **fixed), given
