"""Answers test vectors of cross_entropy: a JSON line in, a JSON line out.

    wce-vectors run --exec "python main.py"

Needs Python's standard library and nothing else.
"""

import json
import math
import sys

OFFERED = {"class_weight", "reduction", "ignore_index"}


def cross_entropy(logits, labels, weights, reduction, ignored):
    """Value and gradient of rows of logits with a label each."""
    if reduction == "weighted_mean" and max(weights) > 2.0**960:
        # The same mean, and their sum does not overflow.
        weights = [weight * 2.0**-64 for weight in weights]
    items = [item(row, y, weights, y == ignored) for row, y in zip(logits, labels, strict=True)]
    losses, omegas, slopes = (list(part) for part in zip(*items, strict=True))
    kept = [y != ignored for y in labels]
    under = {
        "none": 1.0,
        "sum": 1.0,
        "mean": sum(kept),
        "mean_over_all": len(items),
        "weighted_mean": sum(omegas),
        "nonzero_mean": sum(omega != 0 for omega in omegas),
        "batch_mean": len(items),
    }[reduction]
    gradient = [slope / under if under else 0.0 for row in slopes for slope in row]
    if reduction == "none":
        return losses, gradient
    return math.fsum(losses) / under if under else 0.0, gradient


def item(row, label, weights, excluded):
    """−w·log p of the label, w, and its gradient, without a difference that cancels."""
    if excluded:
        return 0.0, 0.0, [0.0] * len(row)
    if any(math.isnan(x) for x in row) or max(row) in (math.inf, -math.inf):
        return math.nan, weights[label], [math.nan] * len(row)
    top, weight = max(row), weights[label]
    at = row.index(top)
    powers = [math.exp(x - top) for x in row]
    rest = math.fsum(power for k, power in enumerate(powers) if k != at)
    total = 1.0 + rest
    others = math.fsum(power for k, power in enumerate(powers) if k != label)
    loss = top - row[label] + math.log1p(rest)
    slopes = [weight * power / total for power in powers]
    slopes[label] = -weight * others / total
    return (weight * loss if weight else 0.0), weight, slopes


def why_not(vector):
    """What is not offered here, in words; None for the rest."""
    given = vector["arguments"]
    if vector["loss"] != "cross_entropy" or vector["dtype"] != "float64":
        return "only cross_entropy of float64"
    if set(given) - OFFERED or given.get("class_weight") == "balanced":
        return "only logits with " + ", ".join(sorted(OFFERED))
    if len(vector["predictions"]["shape"]) != 2 or len(vector["targets"]["shape"]) != 1:
        return "only rows of logits with a label each"
    if not vector["predictions"]["data"]:
        return "no empty batches"
    if given.get("reduction") in ("parts", "absolute_weighted_mean"):
        return "no such reduction"
    return None


def answer(vector):
    """A line of output, as an object."""
    reason = why_not(vector)
    if reason:
        return {"id": vector["id"], "not_offered": reason}
    given, numbers = vector["arguments"], list(map(float, vector["predictions"]["data"]))
    _, classes = vector["predictions"]["shape"]
    rows = [numbers[k : k + classes] for k in range(0, len(numbers), classes)]
    weights = by_class(given.get("class_weight"), classes)
    value, gradient = cross_entropy(
        rows,
        vector["targets"]["data"],
        weights,
        given.get("reduction", "mean"),
        given.get("ignore_index"),
    )
    return {"id": vector["id"], "value": written(value), "gradient": written(gradient)}


def by_class(given, classes):
    """Class weights in the order of the classes."""
    if given is None:
        return [1.0] * classes
    if "data" in given:
        return list(map(float, given["data"]))
    return [float(given[str(k)]) for k in range(classes)]


def written(value):
    """JSON has no infinities and no NaN."""
    if isinstance(value, list):
        return [written(number) for number in value]
    return value if math.isfinite(value) else str(value)


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
