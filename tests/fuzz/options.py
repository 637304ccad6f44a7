"""For every parameter of the losses, the arguments that go with a draft.

An argument is a plain value, or the strategy of an array, which is drawn anew for each of several
calls that differ in their numbers alone.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from hypothesis import strategies as st

from wce_conformance.adapters import as_numpy
from wce_conformance.cases import Tensor
from wce_conformance.oracle import LOSSES, Conventions, Logits, Probabilities
from wce_core import losses
from wce_core.evaluation.options import CHOICES
from wce_core.formulas.links import BINARY_LINKS, CANDIDATES, CATEGORICAL_LINKS
from wce_core.formulas.regions import CHOICES as OF_REGIONS
from wce_core.formulas.regions import REDUCTIONS as REGION_REDUCTIONS
from wce_core.formulas.weightings import WEIGHTINGS

from .arrays import FLOATS, Arrays, dtypes, exactly, numbers
from .draft import RARELY, Draft, weight_shapes
from .kinds import FORMS, INTEGERS, MASSES, SHARES, SIGNED_WEIGHTS, WEIGHTS

Argument: TypeAlias = Any
Maker: TypeAlias = Callable[[st.DrawFn, Draft], Argument]


def parameters(loss: str) -> dict[str, inspect.Parameter]:
    """Those of a loss, by name."""
    return dict(inspect.signature(getattr(losses, loss)).parameters)


def predictions(draw: st.DrawFn, draft: Draft) -> Arrays:
    """Of the form that was drawn; what is normalized need not be below 1."""
    whole = isinstance(draft.form, Probabilities) and draft.form.normalize is not None
    name = CONVENTIONS_OF[type(draft.form)] if isinstance(draft.form, Conventions) else draft.form
    kind = MASSES if whole else FORMS[name]
    return numbers(kind, draft.shape, draft.dtype, flushed=draft.flushed)


def targets(draw: st.DrawFn, draft: Draft) -> Arrays:
    """Indices, mass, numbers of [0, 1], answers, or sets of candidates."""
    if "candidates" in parameters(draft.loss):
        return _candidates(draft)
    if draft.index:
        return _labels(draw, draft)
    if LOSSES[draft.loss].labels:
        return _answers(draw, draft, draft.adapter.dtypes)
    if draft.multiclass and not draft.of_regions:
        whole = len(draft.shape) > 1
        kind, dtype = MASSES, draw(dtypes(draft.adapter.dtypes, integers=whole))
        return numbers(kind, draft.shape, dtype, flushed=draft.flushed)
    return _shares(draw, draft)


def _shares(draw: st.DrawFn, draft: Draft) -> Arrays:
    """Numbers of [0, 1]; of labels perhaps answers."""
    if not draft.multiclass and draw(st.booleans()):
        return _answers(draw, draft, INTEGERS)
    return numbers(SHARES, draft.shape, draw(dtypes(draft.adapter.dtypes)), flushed=draft.flushed)


def _candidates(draft: Draft) -> Arrays:
    """Booleans, of which one at least of each row is True."""
    sets = exactly(st.booleans(), lambda random: random.random() < 0.3, draft.shape, "bool")
    return sets.map(lambda own: _of_some(own, draft.length, draft.axis or 0))


def _of_some(sets: Tensor, classes: int, axis: int) -> Tensor:
    """The first class is a candidate where no other is."""
    found = as_numpy(sets).copy()
    none = ~found.any(axis=axis, keepdims=True)
    first = np.arange(classes).reshape([-1 if i == axis else 1 for i in range(found.ndim)]) == 0
    return replace(sets, data=tuple((found | (none & first)).reshape(-1).tolist()))


def _labels(draw: st.DrawFn, draft: Draft) -> Arrays:
    classes = draft.length
    wide = [n for n in INTEGERS if n in draft.adapter.dtypes and INTEGERS[n][1] >= classes - 1]
    dtype = draw(st.sampled_from(wide[::-1]))
    return exactly(
        st.integers(0, classes - 1), lambda random: random.randrange(classes), draft.items, dtype
    )


def _answers(draw: st.DrawFn, draft: Draft, kinds: Iterable[str]) -> Arrays:
    """0 and 1. Rows of classes are neither booleans nor a lone row of integers."""
    lone = draft.multiclass and len(draft.shape) == 1
    known = [n for n in (*INTEGERS, *FLOATS) if n in kinds and n in draft.adapter.dtypes]
    names = [n for n in known if not lone or n in FLOATS]
    dtype = draw(st.sampled_from(names if draft.multiclass else ["bool", *names]))
    kind = bool if dtype == "bool" else float if dtype in FLOATS else int
    return exactly(
        st.integers(0, 1).map(kind), lambda random: kind(random.randrange(2)), draft.shape, dtype
    )


# Weightings --------------------------------------------------------------------------------------


def class_weight(draw: st.DrawFn, draft: Draft) -> Argument:
    """An array, a mapping, a pair for each label, or the word for weights of the batch."""
    if not draft.of_regions and draw(st.integers(0, 7)) == 7:
        return "balanced"
    count = draft.length if draft.multiclass else 2
    if count <= 8 and draw(st.booleans()):
        return {str(k): draw(WEIGHTS.strategy("edges")) for k in range(count)}
    per_label = not draft.multiclass and draft.axis is not None and draw(st.booleans())
    return _weights(draw, draft, (draft.length, 2) if per_label else (count,))


def pos_weight(draw: st.DrawFn, draft: Draft) -> Argument:
    """A number, one for each label, or one for each element."""
    shapes: list[tuple[int, ...]] = [()]
    if draft.axis is not None:
        shapes.append((draft.length,))
    if len(draft.shape) >= 2:
        shapes.append(tuple(draw(st.sampled_from((n, 1))) for n in draft.shape))
    if draw(st.booleans()):
        return draw(WEIGHTS.strategy("edges"))
    return _weights(draw, draft, draw(st.sampled_from(shapes)))


def sample_weight(draw: st.DrawFn, draft: Draft) -> Argument:
    """One for each item, or for those of a leading axis; of either sign where that may be said."""
    shape = draw(weight_shapes(draft.items))
    if "negative_weights" in parameters(draft.loss) and draw(st.sampled_from(RARELY)):
        draft.options["negative_weights"] = True
        dtype = draw(dtypes(draft.adapter.dtypes))
        return numbers(SIGNED_WEIGHTS, shape, dtype, flushed=draft.flushed)
    return _weights(draw, draft, shape)


def negative_weights(draw: st.DrawFn, draft: Draft) -> Argument:
    """Said where there are some, and where there are none."""
    return draft.options.get("negative_weights", False) or draw(st.booleans())


def mask(draw: st.DrawFn, draft: Draft) -> Argument:
    """Placed alike; three of four items stay."""
    shape = draw(weight_shapes(draft.items))
    kept = st.sampled_from((True, True, True, False))
    return exactly(kept, lambda random: random.random() < 0.75, shape, "bool")


def ignore_index(draw: st.DrawFn, draft: Draft) -> Argument:
    """A label that is none, or one that is."""
    if draft.multiclass:
        if not draft.index:
            return None
        return draw(st.sampled_from((-100, -1, 255, 0, draft.length - 1)))
    return draw(st.sampled_from((-100, -1, 255, 0, 1, 0.5)))


def cost_matrix(draw: st.DrawFn, draft: Draft) -> Argument:
    """A factor for each class that was meant and each that is predicted."""
    return _weights(draw, draft, (draft.length, draft.length)) if draft.length <= 33 else None


def _weights(draw: st.DrawFn, draft: Draft, shape: tuple[int, ...]) -> Arrays:
    dtype = draw(dtypes(draft.adapter.dtypes, integers=True))
    return numbers(WEIGHTS, shape, dtype, flushed=draft.flushed)


# The rest ----------------------------------------------------------------------------------------


def label_smoothing(draw: st.DrawFn, draft: Draft) -> Argument:
    """ε."""
    return draw(st.sampled_from((0.0, 0.1, 0.5, 1.0, 1e-9, 1 - 1e-9)) | st.floats(0, 1))


def smoothing(draw: st.DrawFn, draft: Draft) -> Argument:
    """ "others" need others."""
    rules = CHOICES["smoothing"]
    return draw(st.sampled_from(rules if draft.length > 1 else rules[:1]))


def form(draw: st.DrawFn, draft: Draft) -> Argument:
    """What the predictions are, or with which conventions they are probabilities."""
    links = tuple(CATEGORICAL_LINKS if draft.multiclass else BINARY_LINKS)
    own = draw(st.sampled_from(links))
    conventions = "clip" in parameters(draft.loss)
    if own == "log_probabilities" or not conventions or draw(st.booleans()):
        return own
    if own == "logits":
        return _steps(draw, draft)
    names = [n for n in CONVENTIONS if n != "normalize" or draft.multiclass]
    chosen = [name for name in names if draw(st.booleans())]
    return Probabilities(**{name: draw(CONVENTIONS[name]) for name in chosen})


def _steps(draw: st.DrawFn, draft: Draft) -> Logits:
    classes = draft.length if draft.multiclass else 2
    names = [n for n in STEPS if n != "z_loss" or draft.multiclass]
    given = {name: draw(STEPS[name]) for name in names if draw(st.booleans())}
    for name in PER_CLASS:
        if name in given and not isinstance(given[name], float):
            given[name] = tuple(given[name](k) for k in range(classes))
    return Logits(**given)


CONVENTIONS_OF = {Logits: "logits", Probabilities: "probabilities"}
PER_CLASS = ("adjustment", "margin")
STEPS: dict[str, st.SearchStrategy[Any]] = {
    "temperature": st.sampled_from((0.5, 0.07, 3.0, 1.7, 2.0**-20, 1e6)),
    "softcap": st.sampled_from((30.0, 50.0, 0.5, 1e-6, 1e9)),
    "adjustment": st.sampled_from((-1.0, 0.3, -20.0, 1e4)).map(lambda a: lambda k: a * (k % 3)),
    "margin": st.sampled_from((0.35, 0.0, 64.0))
    | st.sampled_from((0.1, 1.0, 12.0)).map(lambda m: lambda k: m / (1.0 + k)),
    "z_loss": st.sampled_from((1e-4, 0.5, 100.0)),
}
CLIPS = st.sampled_from((0.1, 0.0, 1e-7, 0.49, 1e-12, 1e-40)) | st.floats(0, 0.4999)
CONVENTIONS = {
    "clip": CLIPS,
    "offset": st.sampled_from((0.1, 0.0, 1e-7, 1e-8, 1e-17, 2.0**-53, 1e-40, 10.0)),
    "floor": st.sampled_from((-100.0, -1.0, -0.1, -1e-9, -1e4)),
    "normalize": st.sampled_from(("before", "after")),
}


def clip(draw: st.DrawFn, draft: Draft) -> Argument:
    """Of probabilities."""
    if draft.form != "probabilities":
        return None
    return draw(CLIPS)


def normalizer(draw: st.DrawFn, draft: Draft) -> Argument:
    """Of sums."""
    if draft.options.get("reduction") != "sum":
        return None
    return draw(st.sampled_from((2.0, 0.0, 6.5, 1e-9, 1e9, 1e-30, 1e30)))


def dtype(draw: st.DrawFn, draft: Draft) -> Argument:
    """Of the result. JAX has float64 only where the predictions do."""
    others = [
        name
        for name in FLOATS
        if name in draft.adapter.dtypes
        and (name != "float64" or draft.adapter.name != "jax" or draft.dtype == name)
    ]
    return draw(st.sampled_from(others))


def validate(draw: st.DrawFn, draft: Draft) -> Argument:
    """What is right stays right, whether it is looked at or not."""
    return draw(st.sampled_from((None, False)))


def gamma(draw: st.DrawFn, draft: Draft) -> Argument:
    """Of focal losses, and of ratios."""
    if draft.of_regions:
        return draw(st.sampled_from((0.75, 1.0, 2.0, 0.5, 4 / 3)) | st.floats(0.25, 4))
    return draw(st.sampled_from((2.0, 0.0, 0.5, 1.0, 1e-3, 3.0, 4.0, 5.0)) | st.floats(0, 6))


def rule(draw: st.DrawFn, draft: Draft) -> Argument:
    """Of sets of candidates."""
    return draw(st.sampled_from(tuple(CANDIDATES)))


def costs(draw: st.DrawFn, draft: Draft) -> Argument:
    """What each class costs an item of each class."""
    return _weights(draw, draft, (draft.length, draft.length))


def epsilon(draw: st.DrawFn, draft: Draft) -> Argument:
    """Of poly losses."""
    return draw(st.sampled_from((1.0, -1.0, -0.5, 2.0, 0.0)) | st.floats(-1, 8))


def q(draw: st.DrawFn, draft: Draft) -> Argument:
    """Of generalized cross-entropies."""
    return draw(st.sampled_from((0.7, 1.0, 0.5, 1e-3)) | st.floats(0.01, 1))


def margin(draw: st.DrawFn, draft: Draft) -> Argument:
    """Of asymmetric losses."""
    return draw(st.sampled_from((0.05, 0.0, 0.2, 0.9)))


def alpha(draw: st.DrawFn, draft: Draft) -> Argument:
    """Of false positives."""
    return draw(st.sampled_from((0.5, 0.3, 1.0, 0.0)) | st.floats(0, 4))


def beta(draw: st.DrawFn, draft: Draft) -> Argument:
    """Of false negatives; not 0 where those of positives are."""
    least = 0.0 if draft.options.get("alpha", 0.5) else 0.125
    return draw(st.sampled_from((0.5, 0.7, 2.0, least)) | st.floats(least, 4))


def smooth(draw: st.DrawFn, draft: Draft) -> Argument:
    """Of ratios."""
    usual = st.floats(0, 8, allow_subnormal=False)
    return draw(st.sampled_from((1e-5, 1.0, 0.0, 1e-30, 1e9)) | usual)


def squared(draw: st.DrawFn, draft: Draft) -> Argument:
    """Of ratios."""
    return draw(st.booleans())


def reduction(draw: st.DrawFn, draft: Draft) -> Argument:
    """Of items or of regions, whose sums alone are no loss."""
    known = [name for name in REGION_REDUCTIONS if name != "parts"]
    return draw(st.sampled_from(known if draft.of_regions else CHOICES["reduction"]))


def classes(draw: st.DrawFn, draft: Draft) -> Argument:
    """Of regions, which for one loss are never apart."""
    return draw(st.sampled_from(OF_REGIONS["classes"][0 if LOSSES[draft.loss].apart else 1 :]))


def _of_regions(name: str) -> Maker:
    return lambda draw, draft: draw(st.sampled_from(OF_REGIONS[name]))


def _choice(name: str) -> Maker:
    return lambda draw, draft: draw(st.sampled_from(CHOICES[name]))


WEIGHTS_BY_NAME: Mapping[str, Maker] = {
    "class_weight": class_weight,
    "pos_weight": pos_weight,
    "sample_weight": sample_weight,
    "mask": mask,
    "ignore_index": ignore_index,
    "cost_matrix": cost_matrix,
    "costs": costs,
}
MAKERS: Mapping[str, Maker] = {
    **{name: _choice(name) for name in CHOICES},
    **{name: _of_regions(name) for name in OF_REGIONS},
    "reduction": reduction,
    "classes": classes,
    "smooth": smooth,
    "squared": squared,
    "alpha": alpha,
    "beta": beta,
    "predictions": predictions,
    "targets": targets,
    **{name: WEIGHTS_BY_NAME[name] for name in WEIGHTINGS},
    "negative_weights": negative_weights,
    "label_smoothing": label_smoothing,
    "form": form,
    "clip": clip,
    "normalizer": normalizer,
    "dtype": dtype,
    "validate": validate,
    "smoothing": smoothing,
    **dict.fromkeys(("gamma", "gamma_positive", "gamma_negative"), gamma),
    "rule": rule,
    "epsilon": epsilon,
    "q": q,
    "margin": margin,
}
"""By parameter: one that a loss has and this table lacks is an error."""
