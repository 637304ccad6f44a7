"""ONNX Runtime: the operator SoftmaxCrossEntropyLoss, on the CPU; values without gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

from wce_conformance.peers.asked import Asked
from wce_conformance.peers.base import Peer

_OPSET, _IR = 13, 9
"""Of the operator, and of the file: what runtimes of several years read."""
_TYPES = {"float64": TensorProto.DOUBLE, "float32": TensorProto.FLOAT, "int64": TensorProto.INT64}


class OnnxRuntime(Peer):
    """ONNX Runtime."""

    name = "onnxruntime, SoftmaxCrossEntropyLoss"
    version = onnxruntime.__version__
    dtypes = frozenset({"float64", "float32"})
    notes = (
        "Values alone: the package has no gradients.",
        "The class axis is moved second. A mean of nothing is NaN: offered only where NaN is"
        " asked for.",
    )

    def empty_is_said(self, asked: Asked) -> bool:
        """0/0."""
        return asked.arrays["predictions"].size > 0 and asked.empty_means("nan")

    def multiclass(self, asked: Asked) -> bool:
        """Labels, with class weights, by whose sum `mean` divides."""
        weighted = "class_weight" in asked.vector.modes
        mean = "weighted_mean" if weighted else "mean"
        return (
            asked.index
            and asked.arrays["predictions"].ndim > 1
            and asked.form == "logits"
            and asked.has_only("class_weight", "ignore_index")
            and asked.smoothing == 0
            and asked.reduction in ("none", "sum", mean)
            and asked.fits(["class_weight"])
        )

    def binary(self, asked: Asked) -> bool:
        """There is no such operator."""
        del asked
        return False

    def answer(self, asked: Asked) -> tuple[Any, Any]:
        """A model of one operator, and its output."""
        x = np.moveaxis(asked.arrays["predictions"], asked.axis, 1)
        feeds = {"x": x, "y": asked.arrays["targets"].astype(np.int64)}
        weights = asked.weights("class_weight")
        if weights is not None:
            feeds["w"] = weights
        reduction = "mean" if asked.reduction == "weighted_mean" else asked.reduction
        ignored = asked.options.get("ignore_index")
        (value,) = _run(feeds, {"reduction": reduction, "ignore_index": ignored})
        return value, None


def _run(feeds: dict[str, np.ndarray], attributes: dict[str, Any]) -> Any:
    given = {name: value for name, value in attributes.items() if value is not None}
    node = helper.make_node("SoftmaxCrossEntropyLoss", [*feeds], ["loss"], **given)
    inputs = [
        helper.make_tensor_value_info(name, _TYPES[array.dtype.name], array.shape)
        for name, array in feeds.items()
    ]
    output = helper.make_tensor_value_info("loss", _TYPES[feeds["x"].dtype.name], None)
    graph = helper.make_graph([node], "loss", inputs, [output])
    opset = [helper.make_opsetid("", _OPSET)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=_IR)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, feeds)
