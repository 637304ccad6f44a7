"""All losses in plain NumPy, every step a method: what a wrong implementation changes one of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from wce_conformance.implementation import Answer, Given, Refused
from wce_conformance.oracle import Logits, Probabilities
from wce_conformance.vectors import Vector
from wce_conformance.wrong import of_rows
from wce_conformance.wrong.logit_steps import LogitSteps
from wce_conformance.wrong.of_lovasz import LovaszRegions
from wce_conformance.wrong.of_regions import Answered, Regions
from wce_conformance.wrong.of_terms import TERMS
from wce_conformance.wrong.steps import Steps, others, quotient

INF = float("inf")
CHECKED = ("label C", "label −1", "sample weights over classes")
"""The invalid calls that it refuses; the others are not its subject."""


@dataclass(frozen=True)
class Call:
    """A vector, its arrays in float64 with the classes last. Elements of a binary loss have two.

    `x`: predictions, (…, C), of the binary loss (…). `items`: the shape of the items.
    """

    vector: Vector
    arrays: Mapping[str, np.ndarray]
    options: Mapping[str, Any]
    x: np.ndarray

    @property
    def binary(self) -> bool:
        """Of a binary loss."""
        return not self.vector.case.categorical

    @property
    def axis(self) -> int | None:
        """Of the classes or of the labels."""
        if not self.binary:
            return int(self.options.get("axis", -1))
        axis: int | None = self.options.get("axis", -1 if self.x.ndim > 1 else None)
        return axis

    @property
    def items(self) -> tuple[int, ...]:
        """The shape of the items."""
        return self.x.shape if self.binary else self.x.shape[:-1]

    @property
    def classes(self) -> int:
        """How many there are."""
        return 2 if self.binary else self.x.shape[-1]

    @property
    def form(self) -> str:
        """What the predictions are."""
        if self.given or self.steps:
            return "probabilities" if self.given else "steps"
        return str(self.options.get("form", "logits"))

    @property
    def given(self) -> Probabilities | None:
        """Conventions of the probabilities, if they are more than `clip`."""
        form = self.options.get("form")
        return form if isinstance(form, Probabilities) else None

    @property
    def steps(self) -> Logits | None:
        """Steps of logits, if there are any."""
        form = self.options.get("form")
        return form if isinstance(form, Logits) else None


class Reference:
    """An :class:`~wce_conformance.implementation.Implementation`; float64 whatever the dtype."""

    name = "reference"
    version = ""
    routes = ("eager",)
    precisions = ("native",)
    sampled: Mapping[str, int] = {}
    repeated: tuple[str, ...] = ()
    steps: type[Steps] = Steps
    logit_steps: type[LogitSteps] = LogitSteps
    regions: type[Regions] = Regions
    lovasz: type[LovaszRegions] = LovaszRegions

    def offers(self, vector: Vector) -> bool:
        """Every valid call, and a few of the invalid ones."""
        return vector.error is None or vector.id.rpartition("/")[2] in CHECKED

    def run(self, vector: Vector, route: str = "eager", precision: str = "native") -> Given:
        """Value and gradient to the predictions."""
        del route, precision
        with np.errstate(all="ignore"):
            try:
                return self.answer(self.call(vector))
            except ValueError as error:
                return Refused("ValueError", str(error))

    def call(self, vector: Vector) -> Call:
        """The arrays, classes last."""
        arrays = {name: array.astype(np.float64) for name, array in vector.arrays.items()}
        x = arrays["predictions"]
        if vector.case.categorical:
            x = np.moveaxis(x, vector.options.get("axis", -1), -1)
        call = Call(vector, arrays, vector.options, x)
        return replace(call, x=self.made(call)) if vector.case.layered else call

    def made(self, call: Call) -> np.ndarray:
        """Logits of hidden states, of those that are not excluded."""
        return np.asarray(self.states(call) @ call.arrays["weight"].T + self.bias(call))

    def states(self, call: Call) -> np.ndarray:
        """The hidden states."""
        return self.without(call.arrays["predictions"], self.seen(call))

    def bias(self, call: Call) -> Any:
        """That of the layer."""
        return call.arrays.get("bias", 0.0)

    def answer(self, call: Call) -> Answer:
        """Every step in turn."""
        if call.vector.case.of_regions:
            return self.of_regions(call)
        q = self.mass(call)
        seen = self.seen(call)
        x = self.without(call.x, seen)
        d, omega = self.weighted(call, q)
        d, omega = self.without(d, seen), self.without(omega, seen)
        unit = self.unit(call, omega)
        d, omega = d * unit, omega * unit
        items, gradient = self.items(call, x, d, q)
        items, gradient = self.without(items, seen), self.without(gradient, seen)
        parts = self.parts(call, items, omega, seen)
        if unit != 1.0:
            counts = ("items", "all_items", "nonzero", "batch")
            parts = {**parts, **{name: parts[name] * unit for name in counts}}
        value, gradient = self.reduced(call, items, gradient, parts)
        return (
            self.of_layer(call, value, gradient)
            if "weight" in call.arrays
            else Answer(value, gradient)
        )

    def of_layer(self, call: Call, value: Any, slopes: np.ndarray) -> Answer:
        """From the gradient to logits to those to hidden states and the layer."""
        arrays, hidden = call.arrays, self.states(call)
        flat = slopes.reshape(prod(call.items), call.classes)
        gradients = {"weight": self.to_weight(call, flat, hidden)}
        if "bias" in arrays:
            gradients["bias"] = self.to_bias(flat)
        return Answer(value, rounded(slopes @ arrays["weight"], call), gradients)

    def to_weight(self, call: Call, slopes: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """Σ over items of their slopes times their hidden states."""
        return np.asarray(slopes.T @ hidden.reshape(len(slopes), hidden.shape[-1]))

    def to_bias(self, slopes: np.ndarray) -> np.ndarray:
        """Σ over items."""
        return np.asarray(slopes.sum(0))

    def of_regions(self, call: Call) -> Answer:
        """Of a loss of regions: arrays of items with their classes last, or one class of all."""
        seen, axis = self.seen(call), call.options.get("axis")
        kind = self.lovasz if "lovasz" in call.vector.loss else self.regions
        asked = kind(call.vector.loss, call.options, categorical=not call.binary)
        arrays = [
            self.without(call.x, seen),
            self.without(call.arrays["targets"] if call.binary else self.mass(call), seen),
            self.without(self.samples(call, np.ones(())), seen),
        ]
        if not call.binary:
            arrays[2] = arrays[2][..., None]
        elif axis is None or (call.x.ndim == 1 and not asked.per_batch()):
            arrays = [array[..., None] for array in arrays]
        else:
            arrays = [np.moveaxis(array, axis, -1) for array in arrays]
        weights = np.ones(1) if call.binary else self.class_weights(call).reshape(-1, call.classes)
        x, target, weight = arrays
        own = asked.answer(x, target, weight, weights[0] if weights.size else np.ones(call.classes))
        return Answer(*self.reduced_regions(call, own, seen))

    def reduced_regions(
        self, call: Call, own: Answered, seen: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The value, and its gradient in the predictions' shape."""
        axis: Any = call.options.get("axis", None if call.binary else -1)
        single = axis is None or (call.binary and own.gradient.ndim > seen.ndim)
        place = -1 if axis is None else int(axis)
        gradient = own.gradient[..., 0] if single else np.moveaxis(own.gradient, -1, place)
        places = seen if call.binary else np.expand_dims(seen, place)
        gradient = np.where(places, gradient, 0.0)
        if call.vector.reduction == "none":
            return rounded(own.losses.reshape(call.vector.case.loss_shape), call), rounded(
                gradient, call
            )
        under = {
            "mean": own.counted.sum(),
            "weighted_mean": np.where(own.counted, own.weights, 0.0).sum(),
            "sum": 1.0,
        }[call.vector.reduction]
        if under == 0:
            return rounded(0.0, call), rounded(np.zeros_like(gradient), call)
        return rounded(own.losses.sum() / under, call), rounded(gradient / under, call)

    def items(
        self, call: Call, x: np.ndarray, d: np.ndarray, q: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The loss of each item, and the gradient of their sum."""
        if "rule" in call.options:
            return self.of_sets(call, x, d.sum(-1))
        if "costs" in call.arrays:
            return self.of_costs(call, x, self.costed(call, d))
        surprise = self.surprise(call, x)
        penalty, slope = self.term(call, surprise)
        items = self.product(call, d, penalty, q).sum(-1) + self.z_loss(call, x, d, q)
        return items, self.gradient(call, x, d * slope) + self.z_gradient(call, x, d, q)

    def of_sets(
        self, call: Call, x: np.ndarray, factor: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """By the rule for sets of candidates."""
        candidates = np.moveaxis(call.vector.arrays["targets"], call.axis or 0, -1)
        candidates = np.where(self.seen(call)[..., None], candidates, True)
        loss, gradient = self.of_set(call, self.whole(call, x), candidates)
        gradient = np.where(np.isnan(x).any(-1, keepdims=True), np.nan, gradient)
        loss = np.where(np.isnan(x).any(-1), np.nan, loss)
        return silenced(factor, loss), silenced(factor[..., None], gradient)

    def of_set(
        self, call: Call, x: np.ndarray, candidates: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The loss of each set, and its gradient."""
        if call.options["rule"] == "max":
            candidates = of_rows.likeliest(x, candidates)
        read = of_rows.pinned if call.options["rule"] == "pinned" else of_rows.marginal
        return read(x, candidates, call.form)

    def whole(self, call: Call, x: np.ndarray) -> np.ndarray:
        """Logits, NaN where a row has no distribution; anything else as it is."""
        return self.logits(call, x) if call.form == "logits" else x

    def costed(self, call: Call, d: np.ndarray) -> np.ndarray:
        """Σ_t d_t·A[t, j], of pairs only j ≠ t."""
        return np.asarray(d @ (call.arrays["costs"] * self.paid(call)))

    def paid(self, call: Call) -> np.ndarray:
        """Which costs count."""
        own = 1.0 if call.vector.loss == "expected_cost" else 0.0
        return np.asarray(1.0 - (1.0 - own) * np.eye(call.classes))

    def of_costs(
        self, call: Call, x: np.ndarray, costs: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Costs of what is read of every class."""
        read = of_rows.chances if call.vector.loss == "expected_cost" else of_rows.complements
        paid, slopes = read(self.whole(call, x), call.form)
        missing = np.asarray(np.isnan(self.whole(call, x)).any(-1))
        terms = np.where((costs == 0) & ~np.isnan(paid), 0.0, costs * paid)
        items = np.where(missing, np.nan, terms.sum(-1))
        gradient = np.where(costs[..., None] == 0, 0.0, costs[..., None] * slopes).sum(-2)
        return items, np.where(missing[..., None], np.nan, gradient)

    def unit(self, call: Call, omega: np.ndarray) -> float:
        """What the two terms of a mean are counted in where their sums may be infinite."""
        large = "mean" in call.vector.reduction and np.abs(omega).max(initial=0.0) > 2.0**900
        return 2.0**-64 if large else 1.0

    # Targets

    def mass(self, call: Call) -> np.ndarray:
        """q, before smoothing; an excluded label has none."""
        targets = call.arrays["targets"]
        if call.binary:
            return np.stack([1 - targets, targets], -1)
        if targets.ndim == call.x.ndim:
            q = np.moveaxis(targets, call.axis or 0, -1)
            return q / np.maximum(q.sum(-1, keepdims=True), 1.0) if "rule" in call.options else q
        labels = call.vector.arrays["targets"]
        self.check_labels(call, labels[self.seen(call)])
        return self.one_hot(call, labels)

    def check_labels(self, call: Call, labels: np.ndarray) -> None:
        """Every label names a class."""
        if ((labels < 0) | (labels >= call.classes)).any():
            raise ValueError("targets: no such class")

    def one_hot(self, call: Call, labels: np.ndarray) -> np.ndarray:
        """1 at the label."""
        hot: np.ndarray = (labels[..., None] == np.arange(call.classes)).astype(np.float64)
        return hot

    def smoothed(self, call: Call, q: np.ndarray) -> np.ndarray:
        """A part ε of the mass spread over all classes, or over the others."""
        epsilon, classes = call.options.get("label_smoothing", 0.0), call.classes
        if epsilon == 0:
            return q
        if call.options.get("smoothing", "uniform") == "others":
            return np.asarray((1 - epsilon) * q + epsilon * others(q) / (classes - 1))
        return np.asarray((1 - epsilon) * q + epsilon * q.sum(-1, keepdims=True) / classes)

    def shares(self, call: Call, q: np.ndarray) -> np.ndarray:
        """q / M, before smoothing."""
        mass = q.sum(-1, keepdims=True)
        shares: np.ndarray = np.where(mass == 0, 0, q / mass)
        return shares

    # Exclusion

    def seen(self, call: Call) -> np.ndarray:
        """Which items are not excluded."""
        seen = np.ones(call.items, bool)
        if "mask" in call.arrays:
            seen &= self.placed(call, call.arrays["mask"]) != 0
        if "ignore_index" in call.options:
            seen &= call.arrays["targets"] != call.options["ignore_index"]
        return seen

    def without(self, array: np.ndarray, seen: np.ndarray) -> np.ndarray:
        """0 where excluded, whatever stood there."""
        shape = seen.shape + (1,) * (array.ndim - seen.ndim)
        kept: np.ndarray = np.where(seen.reshape(shape), array, 0.0)
        return kept

    # Weights

    def placed(self, call: Call, weights: np.ndarray) -> np.ndarray:
        """Weights of samples: along the leading axes, or along every axis with its length or 1."""
        items, shape = call.items, weights.shape
        if len(shape) < len(items) or shape == items[: len(shape)]:
            if shape != items[: len(shape)]:
                raise ValueError(f"weights of shape {shape} for items of shape {items}")
            weights = weights.reshape(shape + (1,) * (len(items) - len(shape)))
        return np.broadcast_to(weights, items)

    def samples(self, call: Call, r: np.ndarray) -> np.ndarray:
        """s: the sample weight times the cost of the predicted class."""
        s = np.ones(call.items)
        if "sample_weight" in call.arrays:
            s = s * self.placed(call, call.arrays["sample_weight"])
        if "cost_matrix" in call.arrays:
            costs = self.costs(call)[:, self.predicted(call)]
            s = s * (r * np.moveaxis(costs, 0, -1)).sum(-1)
            s = self.without_prediction(call, s)
        return s

    def costs(self, call: Call) -> np.ndarray:
        """Rows are true classes."""
        return call.arrays["cost_matrix"]

    def predicted(self, call: Call) -> np.ndarray:
        """The lowest of the largest."""
        predicted: np.ndarray = call.x.argmax(-1)
        return predicted

    def without_prediction(self, call: Call, s: np.ndarray) -> np.ndarray:
        """NaN predicts no class, and costs NaN."""
        return np.where(np.isnan(call.x).any(-1), np.nan, s)

    def class_weights(self, call: Call) -> np.ndarray:
        """w, such that it can be multiplied with the mass."""
        w = np.ones((*call.items, call.classes))
        given = call.options.get("class_weight")
        if given == "balanced":
            w = w * self.balanced(call)
        elif given is not None:
            w = w * np.array([given[k] for k in range(call.classes)])
        if "class_weight" in call.arrays:
            w = w * self.by_label(call, call.arrays["class_weight"], 1)
        return self.with_pos_weight(call, w) if call.binary else w

    def balanced(self, call: Call) -> np.ndarray:
        """n/(K·n_k), 0 for a class that does not occur."""
        counts = self.occurrences(call)
        return np.asarray(
            np.where(counts > 0, counts.sum() / (self.occurring(counts) * counts), 0.0)
        )

    def occurring(self, counts: np.ndarray) -> int:
        """K."""
        return int((counts > 0).sum())

    def occurrences(self, call: Call) -> np.ndarray:
        """n_k, of the items that are not excluded."""
        q = self.mass(call)[self.seen(call)]
        return np.asarray(q.reshape(-1, call.classes).sum(0))

    def with_pos_weight(self, call: Call, w: np.ndarray) -> np.ndarray:
        """w1 times the weight of positives."""
        positive = call.arrays.get("pos_weight", call.options.get("pos_weight", 1.0))
        w[..., 1] *= self.by_label(call, np.asarray(positive), 0)
        return w

    def by_label(self, call: Call, weights: np.ndarray, own: int) -> np.ndarray:
        """Weights with `own` axes for each label, placed along the label axis."""
        if weights.ndim == own or call.axis is None:
            return weights
        axis = call.axis % call.x.ndim
        behind = (1,) * (call.x.ndim - axis - 1)
        return weights.reshape(weights.shape[0], *behind, *weights.shape[1:])

    def rule(self, call: Call) -> str:
        """What class weights mean for soft targets."""
        return str(call.options.get("soft_weighting", "per_class"))

    def factor(self, call: Call, w: np.ndarray, r: np.ndarray) -> np.ndarray:
        """One factor of the class weights."""
        if self.rule(call) == "mixture":
            return np.asarray((w * r).sum(-1))
        if self.rule(call) == "geometric":
            return np.asarray((w**r).prod(-1))
        return np.asarray(np.take_along_axis(w, r.argmax(-1)[..., None], -1)[..., 0])

    def weighted(self, call: Call, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """d, what −log p_k of each class is multiplied with, and ω."""
        r, w, smooth = self.shares(call, q), self.class_weights(call), self.smoothed(call, q)
        s = self.samples(call, r)
        if self.rule(call) == "per_class":
            d = s[..., None] * w * smooth
            return d, self.omega(call, s, w, q, smooth)
        factor = s * self.factor(call, w, r)
        return factor[..., None] * smooth, factor * q.sum(-1)

    def omega(
        self, call: Call, s: np.ndarray, w: np.ndarray, q: np.ndarray, smooth: np.ndarray
    ) -> np.ndarray:
        """ω of the rule "per_class"."""
        return np.asarray(s * (w * smooth).sum(-1))

    # −log p

    def surprise(self, call: Call, x: np.ndarray) -> np.ndarray:
        """−log p of every class."""
        if call.form == "logits":
            return self.of_logits(call, self.logits(call, x))
        if call.steps:
            lowered = self.logit_steps(call.steps, x, binary=call.binary).lowered()
            return np.asarray(np.diagonal(self.of_logits(call, lowered), axis1=-2, axis2=-1))
        if call.form == "log_probabilities":
            return np.stack([self.log_of_complement(x), -x], -1) if call.binary else -x
        if call.given:
            return np.asarray(-self.steps(call.given, x, binary=call.binary).logarithms())
        if not call.binary:
            return self.log_of(call, x)
        return np.stack([self.log_of_rest(call, x), self.log_of(call, x)], -1)

    def log_of_complement(self, x: np.ndarray) -> np.ndarray:
        """−log(1 − e^x)."""
        x = np.minimum(x, 0)
        return np.asarray(-np.where(x > -1, np.log(-np.expm1(x)), np.log1p(-np.exp(x))))

    def log_of(self, call: Call, p: np.ndarray) -> np.ndarray:
        """−log p; of 1 − clip by log1p, since 1 − clip itself is rounded."""
        clip = call.options.get("clip", 0.0)
        return np.asarray(np.where(p > 1 - clip, -np.log1p(-clip), -np.log(self.bounded(call, p))))

    def log_of_rest(self, call: Call, p: np.ndarray) -> np.ndarray:
        """−log(1 − p); of what was clipped to 1 − clip, of clip itself."""
        clip = call.options.get("clip", 0.0)
        return np.asarray(np.where(p > 1 - clip, -np.log(clip), -np.log1p(-self.bounded(call, p))))

    def bounded(self, call: Call, p: np.ndarray) -> np.ndarray:
        """Within [clip, 1 − clip]."""
        clip = call.options.get("clip", 0.0)
        return np.asarray(np.clip(p, clip, 1 - clip))

    def logits(self, call: Call, x: np.ndarray) -> np.ndarray:
        """Of the two classes of an element: 0 and z, the larger moved to 0. NaN without any."""
        if call.binary:
            return np.stack([np.minimum(-x, 0), np.minimum(x, 0)], -1)
        top = x.max(-1, keepdims=True)
        return np.where(np.isinf(top), np.nan, x)

    def of_logits(self, call: Call, x: np.ndarray) -> np.ndarray:
        """log Σ e^x − x, with the largest logit taken out of both."""
        top, rest = self.odds(x)
        return np.asarray((top - x) + np.log1p(rest))

    def odds(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The largest logit, and Σ e^(x − largest) over all classes but it."""
        top = x.max(-1, keepdims=True)
        e = np.exp(x - top)
        np.put_along_axis(e, x.argmax(-1)[..., None], 0.0, -1)
        return top, e.sum(-1, keepdims=True)

    def term(self, call: Call, surprise: np.ndarray) -> tuple[np.ndarray, np.ndarray | float]:
        """What a class costs, and its slope: of cross-entropy −log p itself, and 1."""
        own = TERMS.get(call.vector.loss)
        return (surprise, 1.0) if own is None else own(call.options, surprise)

    def product(self, call: Call, d: np.ndarray, surprise: np.ndarray, q: np.ndarray) -> np.ndarray:
        """0 times an infinite surprise is 0."""
        terms: np.ndarray = np.where((d == 0) & (surprise == INF), 0.0, d * surprise)
        return terms

    # Reduction

    def parts(
        self, call: Call, items: np.ndarray, omega: np.ndarray, seen: np.ndarray
    ) -> dict[str, Any]:
        """Sums and counts."""
        return {
            "total": self.total(call, items),
            "items": int(seen.sum()),
            "all_items": seen.size,
            "weight": omega.sum(),
            "nonzero": int((omega != 0).sum()),
            "batch": call.items[0] if call.items else 1,
            "absolute_weight": np.abs(omega).sum(),
        }

    def total(self, call: Call, items: np.ndarray) -> Any:
        """Σℓ."""
        return items.sum()

    def reduced(
        self, call: Call, items: np.ndarray, gradient: np.ndarray, parts: Mapping[str, Any]
    ) -> tuple[Any, np.ndarray]:
        """The value and its gradient in the predictions' shape and dtype."""
        reduction = call.vector.reduction
        if not call.binary:
            gradient = np.moveaxis(gradient, -1, call.axis or 0)
        if reduction == "parts":
            wide = "float64" if call.vector.dtype == "float64" else "float32"
            value: Any = tuple(np.asarray(part).astype(wide) for part in parts.values())
        elif reduction == "none":
            value = rounded(items, call)
        else:
            numerator, z = parts["total"], self.denominator(call, parts)
            empty = self.empty(call)
            value = rounded(numerator / z if z != 0 else empty, call)
            gradient = gradient / z if z != 0 else self.over_zero(call, gradient)
        return value, gradient if "weight" in call.arrays else rounded(gradient, call)

    def over_zero(self, call: Call, gradient: np.ndarray) -> np.ndarray:
        """The gradient of a quotient whose denominator is 0."""
        del call
        return np.zeros_like(gradient)

    def empty(self, call: Call) -> float:
        """The mean of nothing."""
        return np.nan if call.options.get("empty") == "nan" else 0.0

    def denominator(self, call: Call, parts: Mapping[str, Any]) -> Any:
        """What Σℓ is divided by."""
        fields = {
            "mean": "items",
            "mean_over_all": "all_items",
            "weighted_mean": "weight",
            "absolute_weighted_mean": "absolute_weight",
            "nonzero_mean": "nonzero",
            "batch_mean": "batch",
        }
        if call.vector.reduction == "sum":
            return call.options.get("normalizer", 1.0)
        return parts[fields[call.vector.reduction]]

    # Gradient

    def gradient(self, call: Call, x: np.ndarray, d: np.ndarray) -> np.ndarray:
        """Of Σℓ."""
        if call.form == "logits":
            gradient = self.to_logits(call, self.logits(call, x), d)
            return gradient[..., 1] if call.binary else gradient
        if call.steps:
            return self.through_steps(call, call.steps, x, d)
        if call.form == "log_probabilities":
            return self.to_log_probabilities(call, x, d)
        return self.to_probabilities(call, x, d)

    def through_steps(self, call: Call, given: Logits, x: np.ndarray, d: np.ndarray) -> np.ndarray:
        """That of each class to the logits as it is paid for, added up."""
        steps = self.logit_steps(given, x, binary=call.binary)
        each = self.to_logits(call, steps.lowered(), d[..., None] * np.eye(call.classes))
        gradient = each.sum(-2) * steps.slope()
        return np.asarray(gradient[..., 1] if call.binary else gradient)

    def z_loss(self, call: Call, x: np.ndarray, d: np.ndarray, q: np.ndarray) -> Any:
        """ζ·(log Σ e^z)² for each unit of weighted mass."""
        if not (call.steps and call.steps.z_loss):
            return 0.0
        steps = self.logit_steps(call.steps, x, binary=False)
        top, rest = self.odds(steps.z)
        charged = steps.charged(d, q)
        return np.where(charged == 0, 0.0, charged * steps.penalty(steps.normalizer(rest, top)))

    def z_gradient(self, call: Call, x: np.ndarray, d: np.ndarray, q: np.ndarray) -> Any:
        """2ζ·log Σ e^z·p_j for each unit."""
        if not (call.steps and call.steps.z_loss):
            return 0.0
        steps = self.logit_steps(call.steps, x, binary=False)
        top, rest = self.odds(steps.z)
        slope = 2 * call.steps.z_loss * steps.normalizer(rest, top) * steps.charged(d, q)
        return slope[..., None] * self.softmax(steps.z) * steps.slope()

    def to_logits(self, call: Call, x: np.ndarray, d: np.ndarray) -> np.ndarray:
        """p_j·Σ_{k≠j} d_k − d_j·(1 − p_j), which no cancellation touches."""
        p = self.softmax(x)
        return np.asarray(p * others(d) - d * self.complement(x, p))

    def softmax(self, x: np.ndarray) -> np.ndarray:
        """p."""
        top, rest = self.odds(x)
        return np.asarray(np.exp(x - top) / (1 + rest))

    def complement(self, x: np.ndarray, p: np.ndarray) -> np.ndarray:
        """1 − p: of the likeliest class as the sum of the others."""
        _, rest = self.odds(x)
        largest = np.arange(x.shape[-1]) == x.argmax(-1)[..., None]
        return np.where(largest, rest / (1 + rest), 1 - p)

    def to_log_probabilities(self, call: Call, x: np.ndarray, d: np.ndarray) -> np.ndarray:
        """−d_k; of an element of the binary loss, p = e^x, d0·p/(1 − p) − d1."""
        if not call.binary:
            return np.where(np.isnan(x).any(-1, keepdims=True), np.nan, -d)
        return np.asarray(quotient(d[..., 0], np.expm1(0.0 - np.minimum(x, 0))) - d[..., 1])

    def to_probabilities(self, call: Call, x: np.ndarray, d: np.ndarray) -> np.ndarray:
        """−d_k/p_k; binary d0/(1 − p) − d1/p. Constant where clipped, NaN in a row with NaN."""
        if call.given:
            gradient = self.steps(call.given, x, binary=call.binary).gradient(d)
        else:
            gradient = self.to_plain_probabilities(call, x, d)
        if call.binary:
            return gradient
        return np.where(np.isnan(x).any(-1, keepdims=True), np.nan, gradient)

    def to_plain_probabilities(self, call: Call, x: np.ndarray, d: np.ndarray) -> np.ndarray:
        """Without conventions but `clip`."""
        p = self.bounded(call, x)
        if call.binary:
            gradient = quotient(d[..., 0], 1 - p) - quotient(d[..., 1], p)
        else:
            gradient = -quotient(d, p)
        return self.where_free(p, x, gradient)

    def where_free(self, p: np.ndarray, x: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """0 where clipping changed p."""
        return np.where(p == x, gradient, 0.0)


def silenced(factor: np.ndarray, number: np.ndarray) -> np.ndarray:
    """A product in which 0 · ∞ is 0."""
    return np.where((factor == 0) & np.isinf(number), 0.0, factor * number)


def rounded(array: Any, call: Call) -> np.ndarray:
    """To float32 and then to the predictions' dtype."""
    dtype = call.vector.arrays["predictions"].dtype
    wide = np.asarray(array, np.float64)
    return wide if dtype == np.float64 else wide.astype(np.float32).astype(dtype)
