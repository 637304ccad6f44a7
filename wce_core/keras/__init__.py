"""Keras 3, on whichever backend it runs. Importing this module imports Keras.

Every loss of ``wce_core.losses`` is here under its name as a ``keras.losses.Loss``. All are
registered with Keras, as are the functions of Keras' dialects, which Keras would otherwise save by
their bare names, and load as its own.
"""

from wce_core import losses, metrics
from wce_core.call.parts import LossParts
from wce_core.dialects import keras as keras3
from wce_core.dialects import keras2

from .dialect_loss import DialectLoss, register
from .loss import KerasLoss, loss_class
from .metric import KerasMetric, Matrix, metric_class

# A line for each: type checkers and editors read names, not loops.
CrossEntropy = loss_class(losses.CrossEntropy)
BinaryCrossEntropy = loss_class(losses.BinaryCrossEntropy)
FocalCrossEntropy = loss_class(losses.FocalCrossEntropy)
BinaryFocalCrossEntropy = loss_class(losses.BinaryFocalCrossEntropy)
AnyOfCrossEntropy = loss_class(losses.AnyOfCrossEntropy)
ExpectedCost = loss_class(losses.ExpectedCost)
PairwiseCost = loss_class(losses.PairwiseCost)
PolyCrossEntropy = loss_class(losses.PolyCrossEntropy)
GeneralizedCrossEntropy = loss_class(losses.GeneralizedCrossEntropy)
AsymmetricLoss = loss_class(losses.AsymmetricLoss)
DiceLoss = loss_class(losses.DiceLoss)
BinaryDiceLoss = loss_class(losses.BinaryDiceLoss)
JaccardLoss = loss_class(losses.JaccardLoss)
BinaryJaccardLoss = loss_class(losses.BinaryJaccardLoss)
TverskyLoss = loss_class(losses.TverskyLoss)
BinaryTverskyLoss = loss_class(losses.BinaryTverskyLoss)
FocalTverskyLoss = loss_class(losses.FocalTverskyLoss)
BinaryFocalTverskyLoss = loss_class(losses.BinaryFocalTverskyLoss)
GeneralizedDiceLoss = loss_class(losses.GeneralizedDiceLoss)
LovaszSoftmaxLoss = loss_class(losses.LovaszSoftmaxLoss)
LovaszHingeLoss = loss_class(losses.LovaszHingeLoss)
Combined = loss_class(losses.Combined)

Outcomes = metric_class(metrics.outcomes, metrics.ClassOutcomes, "accuracy")
BinaryOutcomes = metric_class(metrics.binary_outcomes, metrics.BinaryOutcomes, "accuracy")
ConfusionMatrix = metric_class(metrics.confusion_matrix, Matrix, "confusion_matrix")
TopK = metric_class(metrics.top_k, metrics.Hits, "accuracy")
AnyOfTopK = metric_class(metrics.any_of_top_k, metrics.Hits, "accuracy")
Calibration = metric_class(metrics.calibration, metrics.Calibration, "expected_error")
BinaryCalibration = metric_class(metrics.binary_calibration, metrics.Calibration, "expected_error")
LogLoss = metric_class(metrics.log_loss, LossParts, "mean")
BinaryLogLoss = metric_class(metrics.binary_log_loss, LossParts, "mean")

_FUNCTIONS = (
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
)
register(getattr(own, name) for own in (keras3, keras2) for name in _FUNCTIONS)

__all__ = [
    "AnyOfCrossEntropy",
    "AnyOfTopK",
    "AsymmetricLoss",
    "BinaryCalibration",
    "BinaryCrossEntropy",
    "BinaryDiceLoss",
    "BinaryFocalCrossEntropy",
    "BinaryFocalTverskyLoss",
    "BinaryJaccardLoss",
    "BinaryLogLoss",
    "BinaryOutcomes",
    "BinaryTverskyLoss",
    "Calibration",
    "Combined",
    "ConfusionMatrix",
    "CrossEntropy",
    "DialectLoss",
    "DiceLoss",
    "ExpectedCost",
    "FocalCrossEntropy",
    "FocalTverskyLoss",
    "GeneralizedCrossEntropy",
    "GeneralizedDiceLoss",
    "JaccardLoss",
    "KerasLoss",
    "KerasMetric",
    "LogLoss",
    "LovaszHingeLoss",
    "LovaszSoftmaxLoss",
    "Outcomes",
    "PairwiseCost",
    "PolyCrossEntropy",
    "TopK",
    "TverskyLoss",
    "loss_class",
]
