"""Metrics with the targets, weights and masks of the losses, as sums that can be added up."""

from .calibration import Calibration, binary_calibration, calibration
from .confusion import confusion_matrix
from .log_loss import binary_log_loss, log_loss
from .of_classes import outcomes
from .of_labels import binary_outcomes
from .outcome_sums import BinaryOutcomes, ClassOutcomes
from .ratios import Average
from .threshold import Threshold, best_threshold
from .top_k import Hits, any_of_top_k, top_k

__all__ = [
    "Average",
    "BinaryOutcomes",
    "Calibration",
    "ClassOutcomes",
    "Hits",
    "Threshold",
    "any_of_top_k",
    "best_threshold",
    "binary_calibration",
    "binary_log_loss",
    "binary_outcomes",
    "calibration",
    "confusion_matrix",
    "log_loss",
    "outcomes",
    "top_k",
]
