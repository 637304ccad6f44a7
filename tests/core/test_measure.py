"""Numbers that come of metrics: which way is better."""

from __future__ import annotations

from wce_core import LossParts, metrics
from wce_core.formulas.reductions import REDUCTIONS
from wce_core.metrics.measure import GREATER_IS_BETTER, measure

KINDS = (
    metrics.ClassOutcomes,
    metrics.BinaryOutcomes,
    metrics.Hits,
    metrics.Calibration,
)
OF_NONE = {
    *("zero", "all_reduce", "psum"),
    *("confusion_matrix", "mean_confidence", "share_right", "count", "index"),
}
"""Methods whose results are not better or worse."""


def test_which_way_is_better_of_every_result() -> None:
    found = {
        name
        for kind in KINDS
        for name in dir(kind)
        if not name.startswith("_") and name not in kind._fields and callable(getattr(kind, name))
    }
    of_losses = {name for name in GREATER_IS_BETTER if callable(getattr(LossParts, name, None))}
    assert of_losses == set(REDUCTIONS) - {"none", "parts"}
    assert found - OF_NONE == set(GREATER_IS_BETTER) - of_losses
    assert measure(metrics.outcomes, "f1").greater_is_better is True
    assert measure(metrics.log_loss, "mean").greater_is_better is False
    assert measure(metrics.outcomes, max).greater_is_better is None
