"""Modules exported to ONNX and run by onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

from wce_core.torch import (
    BCEWithLogitsLoss,
    CombinedLoss,
    CrossEntropyLoss,
    DiceLoss,
    FocalCrossEntropyLoss,
    LovaszSoftmaxLoss,
)

RNG = np.random.default_rng(3)
X = torch.tensor(RNG.normal(size=(4, 3, 5)), dtype=torch.float32)
LABELS = torch.from_numpy(RNG.integers(0, 3, (4, 5)))
BINARY = torch.from_numpy(RNG.integers(0, 2, (4, 3, 5))).to(torch.float32)
W = [0.1, 2.0, 3.5]
CASES: list[tuple[Any, torch.Tensor]] = [
    (CrossEntropyLoss(class_weight=W, reduction="weighted_mean", ignore_index=2), LABELS),
    (BCEWithLogitsLoss(pos_weight=W, axis=1, label_smoothing=0.1), BINARY),
    (CombinedLoss((0.5, FocalCrossEntropyLoss(class_weight=W)), (0.5, DiceLoss())), LABELS),
]


@pytest.mark.filterwarnings(r"ignore:`isinstance\(treespec, LeafSpec\)`:FutureWarning")  # PyTorch's
@pytest.mark.parametrize(("module", "target"), CASES, ids=lambda each: type(each).__name__)
def test_onnxruntime_has_the_same_loss(module: Any, target: torch.Tensor, tmp_path: Path) -> None:
    path = str(tmp_path / "loss.onnx")
    batch = torch.export.Dim.DYNAMIC
    torch.onnx.export(
        module.eval(),
        (X, target),
        path,
        dynamo=True,
        dynamic_shapes=({0: batch}, {0: batch}),
        verbose=False,
    )
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    for size in (4, 3):
        own = X[:size], target[:size]
        (found,) = session.run(None, dict(zip(names, (t.numpy() for t in own), strict=True)))
        assert abs(found - module(*own).numpy()) <= 1e-6 * abs(found)


@pytest.mark.filterwarnings(r"ignore:`isinstance\(treespec, LeafSpec\)`:FutureWarning")  # PyTorch's
def test_what_onnx_has_no_operation_for(tmp_path: Path) -> None:
    """A sort that keeps the order of equal errors."""
    with pytest.raises(torch.onnx.OnnxExporterError, match=r"No ONNX function found for.*sort"):
        torch.onnx.export(
            LovaszSoftmaxLoss().eval(), (X, LABELS), str(tmp_path / "loss.onnx"), dynamo=True
        )
