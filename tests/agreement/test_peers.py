"""Other libraries' losses: what they offer is told right, and known faults show up as failures."""

from __future__ import annotations

import functools
from importlib.util import find_spec

import pytest

from wce_conformance.judging.vectors import Judgement
from wce_conformance.peers import PEERS, environment, peer
from wce_conformance.peers.base import Peer
from wce_conformance.runner import Task, records
from wce_conformance.sampling import in_sample
from wce_conformance.scoreboard.measure import SLOW
from wce_conformance.vectors import Vector, load_vectors

VECTORS = {vector.id: vector for vector in load_vectors()}
THERE = [name for name, (_, _, packages) in PEERS.items() if all(map(find_spec, packages))]
KERAS = [name for name in THERE if name.startswith("keras")]
INSTALLED = [name for name in THERE if name not in KERAS]


@functools.cache
def made(name: str) -> Peer:
    return peer(name)


def judgement(name: str, vector: Vector) -> Judgement:
    (record,) = records(made(name), [Task(vector, "eager", "native")])
    return record.judgement


def of(name: str, vector_id: str) -> Judgement:
    return judgement(name, VECTORS[vector_id])


HARD = {
    *("saturation", "overflow", "sum_overflow", "offset", "tail", "zero_logit", "cancellation"),
    *("difference", "underflow", "target_dtype", "class_weight_size", "zero_denominator"),
    *(
        "weight_sum",
        "impossible",
        "nan",
        "clamp",
        "clip",
        "log1p",
        "weight_size",
        "count_dtype",
        "mass",
    ),
}
"""Flags of vectors that libraries are known to fail."""


@pytest.mark.parametrize("name", INSTALLED)
def test_most_ordinary_vectors_pass(name: str) -> None:
    """An adapter that asked its library for something else would fail nearly all of them."""
    ordinary = [
        vector
        for vector in VECTORS.values()
        if vector.dtype != "float64" and not HARD & set(vector.flags) and made(name).offers(vector)
        if in_sample(vector, max(1, SLOW.get(name, 1) // 4))
    ]
    statuses = [judgement(name, vector).status for vector in ordinary]
    assert len(ordinary) >= 2
    assert statuses.count("passed") >= 0.75 * len(ordinary)


@pytest.mark.parametrize("name", INSTALLED)
def test_refusals_and_parts_are_not_offered(name: str) -> None:
    own = made(name)
    assert not any(own.offers(v) for v in VECTORS.values() if v.error or v.reduction == "parts")


@pytest.mark.parametrize("name", INSTALLED)
def test_cost_matrices_and_masks_are_offered_by_none(name: str) -> None:
    own = made(name)
    none = [v for v in VECTORS.values() if {"cost_matrix", "mask"} & set(v.modes)]
    assert none
    assert not any(own.offers(v) for v in none)


@pytest.mark.parametrize("name", [name for name in INSTALLED if name == "torch"])
def test_torch_divides_by_weights_for_indices_only(name: str) -> None:
    own = made(name)
    offered = [v for v in VECTORS.values() if own.offers(v) and v.modes == ("class_weight",)]
    means = {(v.reduction, "index" if _index(v) else "dense") for v in offered}
    assert ("weighted_mean", "index") in means
    assert not {("weighted_mean", "dense"), ("mean", "index")} & means


def _index(vector: Vector) -> bool:
    return vector.arrays["targets"].ndim < vector.arrays["predictions"].ndim


def failed(found: Judgement, quantity: str, got: str) -> bool:
    """Failed in this quantity, with this number."""
    return found.status == "failed" and any(
        failure.startswith(quantity) and f"is {got}" in failure for failure in found.failures
    )


FAULTS = (
    ("tensorflow", "cross_entropy/mass, item by item/float32", "gradient", ""),
    ("tensorflow", "binary_cross_entropy/logits of 0, pos_weight/float32", "gradient", "0.0"),
    ("torch", "cross_entropy/NaN under ignore_index -100, mean/float64", "gradient", "nan"),
    ("torch", "binary_cross_entropy/logits ±20, right/float32", "item[0]", "0.0"),
    ("torch", "binary_cross_entropy/probabilities 0 and 1/float32", "item[2]", "100.0"),
    ("torch", "cross_entropy/no mass on −inf, item by item/float32", "item", "nan"),
    ("optax", "cross_entropy/a large common offset/float32", "item[0]", "0.0"),
)
"""(library, vector, quantity, what it gives): public faults of the versions that are tested."""


@pytest.mark.parametrize(
    "fault",
    [fault for fault in FAULTS if fault[0] in INSTALLED],
    ids=lambda fault: f"{fault[0]}-{fault[1]}",
)
def test_known_faults_show(fault: tuple[str, str, str, str]) -> None:
    name, vector_id, quantity, got = fault
    found = of(name, vector_id)
    assert failed(found, quantity, got), found


@pytest.mark.parametrize("name", [n for n in INSTALLED if n not in ("sklearn",)])
def test_for_any_mass_the_value_is_right_everywhere(name: str) -> None:
    """And the gradient, but TensorFlow's."""
    found = of(name, "cross_entropy/mass, item by item/float32")
    assert all(failure.startswith("gradient") for failure in found.failures)
    assert bool(found.failures) == (name == "tensorflow")


@pytest.mark.parametrize("name", KERAS)
def test_keras_in_a_process_of_its_own(name: str, tmp_path) -> None:
    """Keras has one backend in a process; a mean by unbroadcast weights shows everywhere."""
    from wce_conformance.scoreboard.columns import measured_apart

    ids = [
        "binary_cross_entropy/weights of rows/float16",
        "cross_entropy/an impossible class, not the target/float32",
        "cross_entropy/uneven weights, mean/float64",
    ]
    column = measured_apart(name, True, file_of(ids, tmp_path))
    assert column.total.run == 3
    assert column.total.offered == 2
    assert ids[0] in {failure.vector for failure in column.failures}


def file_of(ids: list[str], folder):
    """The vectors as a file."""
    import json

    file = folder / "some.json"
    file.write_text(json.dumps({"vectors": [dict(VECTORS[i].line) for i in ids]}))
    return file


def test_the_backend_of_keras_is_in_its_environment() -> None:
    assert environment("keras-jax") == {"KERAS_BACKEND": "jax"}
    assert environment("torch") == {}
