"""A model was trained with class weights: what becomes of probabilities and of the threshold ½?

One in twenty is positive. A logistic regression is trained without weights and with balanced ones.
The weighted model is also used with its weights undone by ``unweight_logits``. The code uses NumPy
alone, with SciPy's L-BFGS, on scikit-learn's make_classification.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.datasets import make_classification

import common
import wce_core
from results import Measure, Scores
from wce_core import losses, unweight_logits
from wce_core.class_weights import class_weights

SETTINGS = ("no weights", "balanced, as it is", "balanced, undone")
MEASURES = (
    Measure("calibration error", higher=False),
    Measure("log-loss", higher=False, percent=False, digits=3),
    Measure("F1 at ½"),
    Measure("F1 at the best threshold"),
)
THRESHOLDS = np.linspace(0.01, 0.99, 99)
BINS = np.linspace(0.0, 1.0, 11)


def load(seed: int, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """To learn from, to choose a threshold by, and to be judged by: a sample of one population."""
    x, y = make_classification(
        60_000, 20, n_informative=10, weights=[0.95], class_sep=2.0, flip_y=0.02, random_state=0
    )
    x = np.concatenate([x / x.std(axis=0), np.ones((len(x), 1))], axis=1)
    rows = np.random.default_rng(seed).permutation(len(y))[: 3 * count].reshape(3, count)
    return [(x[own], y[own]) for own in rows]


def fitted(loss: Any, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The model of least loss, with a little weight decay."""
    both = wce_core.value_and_grad(loss)

    def objective(model: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = both(x @ model, y)
        return float(value) + 1e-4 * float(model @ model), gradient @ x + 2e-4 * model

    return np.asarray(minimize(objective, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x)


def logits_of(setting: str, data: list[tuple[np.ndarray, np.ndarray]]) -> list[np.ndarray]:
    """What the model says of the data to choose a threshold by, and to be judged by."""
    (x, y), *others = data
    weights = None if setting == "no weights" else class_weights(y)
    model = fitted(losses.BinaryCrossEntropy(class_weight=weights), x, y)
    said = [other @ model for other, _ in others]
    if setting == "balanced, undone":
        return [np.asarray(unweight_logits(z, class_weight=weights, binary=True)) for z in said]
    return said


def reliability(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """By tenths of p, how often it is true; NaN of fewer than 20."""
    which = np.digitize(p, BINS[1:-1])
    counts = np.bincount(which, minlength=10)
    true = np.bincount(which, weights=y, minlength=10) / np.maximum(counts, 1)
    return np.where(counts < 20, np.nan, true)


def calibration_error(p: np.ndarray, y: np.ndarray) -> float:
    """Over tenths of p, the mean distance of what is said from how often it is true."""
    which = np.digitize(p, BINS[1:-1])
    return float(abs(np.bincount(which, weights=p - y, minlength=10)).sum() / len(p))


def f1(called: np.ndarray, y: np.ndarray) -> float:
    """Twice those that are found, over those that are there and those that are called."""
    return float(2 * y[called].sum() / max(y.sum() + called.sum(), 1))


def draw(run: common.Run, scores: Scores, curves: dict[str, dict[str, list[np.ndarray]]]) -> None:
    """How true the probabilities are, and F1 by the threshold."""
    figure = common.figure(
        "One positive in twenty: class weights move probabilities; they can be moved back"
    )
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1.1, 1.1))
    common.dots(left, scores, MEASURES[0])
    middle.plot([0, 100], [0, 100], color=common.INK, linewidth=0.8, linestyle=":")
    for i, setting in enumerate(SETTINGS):
        style = {"color": common.COLOURS[i], "marker": common.MARKERS[i], "label": setting}
        common.band(middle, range(5, 100, 10), 100 * np.array(curves[setting]["true"]), **style)
        style.pop("marker")
        common.band(right, 100 * THRESHOLDS, 100 * np.array(curves[setting]["F1"]), **style)
    common.styled(middle, "Is it as often true as it says?", "said: p, %", "true, %")
    common.styled(right, "F1 by the threshold", "threshold, %", "F1, %")
    middle.legend(frameon=False, fontsize=9)
    common.save(run, figure, "small dots: one seed; bars and bands: mean ± standard deviation")


def main() -> None:
    """Train every setting with every seed."""
    run = common.start(__file__, __doc__)
    scores: Scores = {setting: [] for setting in SETTINGS}
    curves: dict[str, dict[str, list[np.ndarray]]] = {s: {"true": [], "F1": []} for s in SETTINGS}
    for seed, setting in common.trainings(run, SETTINGS):
        data = load(seed, 2000 if run.quick else 6000)
        (_, chosen_y), (_, y) = data[1:]
        chosen, z = logits_of(setting, data)
        best = THRESHOLDS[np.argmax([f1(expit(chosen) > t, chosen_y) for t in THRESHOLDS])]
        numbers = (
            calibration_error(expit(z), y),
            float(losses.binary_cross_entropy(z, y)),
            f1(z > 0, y),
            f1(expit(z) > best, y),
        )
        scores[setting].append({m.name: float(n) for m, n in zip(MEASURES, numbers, strict=True)})
        curves[setting]["true"].append(reliability(expit(z), y))
        curves[setting]["F1"].append(np.array([f1(expit(z) > t, y) for t in THRESHOLDS]))
    draw(run, scores, curves)
    common.conclude(run, scores, MEASURES, ["scipy", "scikit-learn"])


if __name__ == "__main__":
    main()
