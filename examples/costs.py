"""Mistakes cost differently: which loss makes them cheapest?

Amounts are read digit by digit. Reading a digit too high by d costs d; reading it too low by d
costs five times as much. The goal is a low average cost of an answer on images that were not
trained on. The data are scikit-learn's handwritten digits with noise added; the model is linear,
in JAX.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import common
from results import Measure, Scores
from wce_core import losses

MEASURES = (
    Measure("average cost", higher=False, percent=False, digits=3),
    Measure("right answers"),
)
TOO_HIGH = np.subtract.outer(np.arange(10), np.arange(10)).T.clip(min=0)
COSTS = (TOO_HIGH + 5 * TOO_HIGH.T).astype(np.float32)
"""Rows the true digit, columns the answer."""
LOSSES = {
    "cross_entropy": losses.CrossEntropy(),
    "cross_entropy, cheapest answer": losses.CrossEntropy(),
    "cross_entropy(cost_matrix=)": losses.CrossEntropy(cost_matrix=COSTS + np.eye(10)),
    "expected_cost": losses.ExpectedCost(costs=COSTS),
    "pairwise_cost": losses.PairwiseCost(costs=COSTS),
    "cross_entropy, then expected_cost": losses.ExpectedCost(costs=COSTS),
    "cross_entropy, then pairwise_cost": losses.PairwiseCost(costs=COSTS),
}
OPTIMIZER = optax.adam(0.02)


class Data(NamedTuple):
    """Noisy images of digits."""

    x: np.ndarray
    y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray


def load(seed: int) -> Data:
    """500 images to learn from, and 1,297 to be judged by."""
    digits: Any = load_digits()
    rng = np.random.default_rng(seed)
    noisy = (digits.data + rng.normal(scale=4.0, size=digits.data.shape)) / 16
    parts: Any = train_test_split(
        noisy.astype(np.float32), digits.target, train_size=500, random_state=seed
    )
    x, test_x, y, test_y = parts
    return Data(x, y, test_x, test_y)


@jax.jit
def step(loss: Any, model: Any, state: Any, x: Any, y: Any) -> Any:
    """One step of Adam. A configured loss is a pytree, so it is an argument like any other."""
    gradient = jax.grad(lambda model: loss(x @ model["w"] + model["b"], y))(model)
    updates, state = OPTIMIZER.update(gradient, state, model)
    return optax.apply_updates(model, updates), state


def answers(setting: str, data: Data, steps: int) -> np.ndarray:
    """The digits that a model answers on the images not trained on."""
    model: Any = {"w": jnp.zeros((64, 10)), "b": jnp.zeros(10)}
    state = OPTIMIZER.init(model)
    for i in range(steps):
        first = ", then " in setting and i < steps // 2
        loss = LOSSES["cross_entropy"] if first else LOSSES[setting]
        model, state = step(loss, model, state, data.x, data.y)
    logits = data.test_x @ model["w"] + model["b"]
    if setting.endswith("cheapest answer"):
        return np.asarray((jax.nn.softmax(logits) @ COSTS).argmin(axis=1))
    return np.asarray(logits.argmax(axis=1))


def draw(run: common.Run, scores: Scores, paid: dict[str, np.ndarray]) -> None:
    """The cost of every setting, and where it comes from in two of them."""
    figure = common.figure("Misread digits: too low costs five times as much as too high", 12)
    axes = figure.subplots(1, 3, width_ratios=(1.1, 1, 1))
    common.dots(axes[0], scores, MEASURES[0])
    best = min(list(scores)[1:], key=lambda name: paid[name].sum())
    most = paid["cross_entropy"].max()
    for panel, name in zip(axes[1:], ("cross_entropy", best), strict=True):
        panel.imshow(paid[name], cmap="Blues", vmin=0, vmax=most)
        title = name.replace(", ", ",\n") if ", " in name else f"\n{name}"
        common.styled(panel, title, "answer", "true digit")
        panel.grid(visible=False)
        panel.set_xticks(range(10))
        panel.set_yticks(range(10))
    bar = figure.colorbar(axes[1].images[0], ax=axes[1:], shrink=0.85)
    bar.set_label("cost per 1,000 images", fontsize=9, color=common.INK)
    bar.outline.set_visible(False)
    common.save(run, figure, "small dots: one seed; bars: mean ± standard deviation")


def main() -> None:
    """Train every setting with every seed; what each pays for its mistakes."""
    run = common.start(__file__, __doc__)
    scores: Scores = {setting: [] for setting in LOSSES}
    paid = {setting: np.zeros((10, 10)) for setting in LOSSES}
    for seed, setting in common.trainings(run, LOSSES):
        data = load(seed)
        found = answers(setting, data, steps=40 if run.quick else 200)
        cost = COSTS[data.test_y, found]
        np.add.at(paid[setting], (data.test_y, found), 1000 * cost / cost.size / len(run.seeds))
        right = float((found == data.test_y).mean())
        scores[setting].append({"average cost": float(cost.mean()), "right answers": right})
    draw(run, scores, paid)
    common.conclude(run, scores, MEASURES, ["jax", "optax", "scikit-learn"])


if __name__ == "__main__":
    main()
