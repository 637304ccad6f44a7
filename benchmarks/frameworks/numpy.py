"""NumPy: scikit-learn's compiled losses with two threads, its ``log_loss``, and plain SciPy."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from scipy.special import expit, log_expit, log_softmax
from sklearn._loss.loss import HalfBinomialLoss, HalfMultinomialLoss
from sklearn.metrics import log_loss

import wce_core
from benchmarks.pairs import FOCAL, Call, Pair
from benchmarks.workloads import LOSSES, Workload

Arrays = Mapping[str, np.ndarray]
THREADS = 2
BOTH = "value + gradient"


def pairs(workload: Workload) -> Iterator[Pair]:
    """Native and exact with the gradient beside each peer, and the value beside ``log_loss``."""
    arrays = workload.arrays()
    peers = _peers(workload, arrays)
    for precision in ("native", "exact"):
        ours = _ours(workload, arrays, precision)
        both = functools.partial(wce_core.value_and_grad(ours), arrays["x"], arrays["y"])
        for peer, theirs in peers.items():
            yield Pair(peer, "eager", precision, BOTH, both, theirs)
    losses_of_ours = (_ours(workload, arrays, "native", focal=focal) for focal in (True, False))
    focal, plain = (
        functools.partial(wce_core.value_and_grad(loss), arrays["x"], arrays["y"])
        for loss in losses_of_ours
    )
    yield Pair(FOCAL, "eager", "native", BOTH, focal, plain)
    if workload.loss == "cross_entropy" and workload.size <= 10_000_000:
        probabilities = np.exp(log_softmax(arrays["x"].astype(np.float64), axis=-1))
        labels, weights = np.arange(workload.shape[-1]), arrays["w"][arrays["y"]]
        metric = functools.partial(
            log_loss, arrays["y"], probabilities, sample_weight=weights, labels=labels
        )
        ours = _ours(workload, arrays, "native")
        own = functools.partial(ours, probabilities, arrays["y"], form="probabilities")
        yield Pair("sklearn log_loss", "eager", "native", "value", own, metric)


def _ours(
    workload: Workload, arrays: Arrays, precision: Any, *, focal: bool = False
) -> Callable[..., Any]:
    loss = LOSSES[workload.loss, focal]
    if workload.loss == "cross_entropy":
        return functools.partial(
            loss, class_weight=arrays["w"], reduction="weighted_mean", precision=precision
        )
    return functools.partial(loss, pos_weight=arrays["w"], precision=precision)


def _peers(workload: Workload, arrays: Arrays) -> dict[str, Call]:
    if workload.loss == "cross_entropy":
        return {
            "sklearn _loss": _multinomial(workload, arrays),
            "SciPy": functools.partial(_softmax_by_hand, arrays),
        }
    return {
        "sklearn _loss": _binomial(arrays),
        "SciPy": functools.partial(_sigmoid_by_hand, arrays),
    }


def _multinomial(workload: Workload, arrays: Arrays) -> Call:
    loss = HalfMultinomialLoss(n_classes=workload.shape[-1])
    y, weights = arrays["y"].astype(np.float32), arrays["w"][arrays["y"]]
    shares = weights / weights.sum()  # beforehand: what it would cost is not counted

    def both() -> Any:
        value, gradient = loss.loss_gradient(y, arrays["x"], shares, n_threads=THREADS)
        return value.sum(), gradient

    return both


def _binomial(arrays: Arrays) -> Call:
    loss = HalfBinomialLoss()
    x, y = arrays["x"].reshape(-1), arrays["y"].reshape(-1)
    weights = np.where(arrays["y"] == 1, arrays["w"], np.float32(1)).reshape(-1)
    shares = weights / np.float32(y.size)

    def both() -> Any:
        value, gradient = loss.loss_gradient(y, x, shares, n_threads=THREADS)
        return value.sum(), gradient

    return both


def _softmax_by_hand(arrays: Arrays) -> Any:
    x, y, weights = arrays["x"], arrays["y"], arrays["w"][arrays["y"]]
    rows, total = np.arange(y.size), weights.sum()
    log_p = log_softmax(x, axis=-1)
    gradient = np.exp(log_p) * weights[:, None]
    gradient[rows, y] -= weights
    return -(weights * log_p[rows, y]).sum() / total, gradient / total


def _sigmoid_by_hand(arrays: Arrays) -> Any:
    x, y, w = arrays["x"], arrays["y"], arrays["w"]
    items = -(w * y * log_expit(x) + (1 - y) * log_expit(-x))
    p = expit(x)
    return items.mean(), ((1 - y) * p - w * y * (1 - p)) / np.float32(x.size)
