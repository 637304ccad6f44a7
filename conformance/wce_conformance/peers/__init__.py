"""The losses of other libraries, put to the same vectors.

One file for each library. `peer(name)` imports it; Keras has one backend in a process, so that of
`environment(name)` must be set before.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from wce_conformance.peers.base import Peer

PEERS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "torch": ("torch", "Torch", ("torch",)),
    "tensorflow": ("tensorflow", "TensorFlow", ("tensorflow",)),
    "keras-tensorflow": ("keras", "Keras", ("keras", "tensorflow")),
    "keras-jax": ("keras", "Keras", ("keras", "jax")),
    "keras-torch": ("keras", "Keras", ("keras", "torch")),
    "keras-numpy": ("keras", "Keras", ("keras",)),
    "optax": ("optax", "Optax", ("optax", "jax")),
    "sklearn": ("sklearn", "Sklearn", ("sklearn",)),
    "onnxruntime": ("onnxruntime", "OnnxRuntime", ("onnxruntime", "onnx")),
    "tinygrad": ("tinygrad", "TinyGrad", ("tinygrad",)),
}
"""File, class, and the packages that must be installed, by name."""


def peer(name: str) -> Peer:
    """The adapter of a library."""
    module, own, _ = PEERS[name]
    made: Peer = getattr(import_module(f"wce_conformance.peers.{module}"), own)()
    return made


def environment(name: str) -> dict[str, str]:
    """Variables that must be set before the library is imported."""
    _, _, backend = name.partition("-")
    return {"KERAS_BACKEND": backend} if backend else {}
