"""The stored vectors: what they say, what they cover, and that they are what is generated."""

from __future__ import annotations

import inspect
import json
from collections import Counter
from itertools import combinations, product
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from wce_conformance import load_vectors
from wce_conformance.cases import Tensor
from wce_conformance.cases.by_hand import binary, multiclass
from wce_conformance.cases.further import base_of
from wce_conformance.cases.long import LongCase, long
from wce_conformance.cases.of_regions import COMMON, DEFAULTS
from wce_conformance.cases.systematic import MODES
from wce_conformance.cases.systematic import REDUCTIONS as SYSTEMATIC
from wce_conformance.generate import cases, differences, file_of, invalid
from wce_conformance.invalid_calls import BAD_INPUTS
from wce_conformance.oracle import LOSSES as OF_THE_ORACLE
from wce_conformance.oracle import OF_LAYERS, Grid, exact_result
from wce_conformance.oracle.real import mp
from wce_conformance.vectors import FOLDER, Vector, numbers
from wce_conformance.vectors.encode import encode_input
from wce_conformance.vectors.reading import decode, files_of
from wce_core import losses
from wce_core.formulas.links import BINARY_LINKS, CATEGORICAL_LINKS
from wce_core.formulas.reductions import REDUCTIONS
from wce_core.formulas.weightings import SOFT_WEIGHTINGS, WEIGHTINGS
from wce_core.losses.registry import LOSSES as OF_ITEMS
from wce_core.losses.registry import REGIONS as OF_REGIONS
from wce_core.types import RegionReduction

VECTORS = load_vectors()
VALID = [vector for vector in VECTORS if vector.error is None]
FILES = files_of(FOLDER)
SCHEMA: dict[str, Any] = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
REGISTERED = {**OF_ITEMS, **OF_REGIONS}
LOSSES = {name: set(inspect.signature(getattr(losses, name)).parameters) for name in REGISTERED}
"""The losses of the library, with the names of their arguments."""
FURTHER = [name for name in OF_ITEMS if name not in MODES]
"""All of items but the cross-entropies."""
TINY = mp.mpf(10) ** -1000


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_file_is_as_the_schema_says(file: Path) -> None:
    document = json.loads(file.read_text(encoding="utf-8"))
    errors = [
        f"{list(error.absolute_path)}: {error.message[:200]}"
        for error in Draft202012Validator(SCHEMA).iter_errors(document)
    ]
    assert not errors


@pytest.mark.parametrize(
    "change",
    [
        {"loss": "hinge"},
        {"arguments": {"weights": 1.0}},
        {"expected": {}},
        {"error": "ValueError", "of_values": True},
        {"surprise": 1},
        {"targets": {"dtype": "float8", "shape": [], "data": [0]}},
    ],
)
def test_the_schema_refuses(change: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    document = {"$schema": "schema.json", "version": 1, "vectors": [VALID[0].line]}
    validator = Draft202012Validator(SCHEMA)
    assert validator.is_valid(document)
    assert not validator.is_valid({**document, "vectors": [{**VALID[0].line, **change}]})


def test_ids_are_unique() -> None:
    assert [name for name, n in Counter(vector.id for vector in VECTORS).items() if n > 1] == []


@pytest.mark.no_cover  # nothing of wce_core runs
def test_the_files_are_what_is_generated() -> None:
    assert differences() == []


def test_every_element_of_the_predictions_has_a_gradient() -> None:
    for vector in VALID:
        if not vector.case.layered:
            shape = vector.block.predictions.shape
            assert Grid.of(vector.expected.gradient).shape == shape or 0 in shape, vector.id


def test_a_change_is_noticed(tmp_path: Path) -> None:
    """All files missing but one, which is changed, and one that nothing generates."""
    (tmp_path / "cross_entropy.mask.json").write_text("{}", encoding="utf-8")
    (tmp_path / "old.json").write_text("{}", encoding="utf-8")
    found = differences(tmp_path, texts={"cross_entropy.mask.json": "{…}"})
    assert found == [
        "cross_entropy.mask.json is not what is generated",
        "old.json is not generated",
    ]


def test_a_few_megabytes() -> None:
    assert sum(file.stat().st_size for file in FILES) < 4_250_000


def missing(vectors: list[Vector], loss: str, argument: str, wanted: Any, default: Any) -> set[str]:
    """The values of an argument without a vector of the loss."""
    met = {
        str(v.case.arguments.get(argument, default)) for v in vectors if v.loss == loss and v.answer
    }
    return set(wanted) - met


def test_the_losses_of_the_library_are_those_of_the_oracle() -> None:
    public = {
        name
        for name, function in vars(losses).items()
        if inspect.isfunction(function) and function.__module__ == losses.__name__
        if name[0] != "_"
    }
    made = {losses.combine.__name__}  # what is made of other losses is no loss of vectors
    assert public - made == {*REGISTERED, *OF_LAYERS}
    assert set(REGISTERED) == set(OF_THE_ORACLE)
    for name, loss in OF_THE_ORACLE.items():
        assert REGISTERED[name]._categorical is loss.categorical
        # Classes of generalized Dice are together, which is no choice.
        given = {"candidates", *(["classes"] if "generalized" in name else [])}
        assert LOSSES[name] - LOSSES[base_of(name)] - given == {*loss.own, *loss.of_regions}


OF_SUMS = [name for name in get_args(RegionReduction) if name != "parts"]
"""Sums by themselves are no loss: tests/core/test_region_parts.py has them."""


@pytest.mark.parametrize("loss", LOSSES)
def test_every_registry_is_covered(loss: str) -> None:
    forms = CATEGORICAL_LINKS if OF_THE_ORACLE[loss].categorical else BINARY_LINKS
    reductions = OF_SUMS if loss in OF_REGIONS else REDUCTIONS
    assert missing(VECTORS, loss, "reduction", reductions, "mean") == set()
    if "form" in LOSSES[loss]:
        assert missing(VECTORS, loss, "form", forms, "logits") == set()
    if "soft_weighting" in LOSSES[loss]:
        assert missing(VECTORS, loss, "soft_weighting", SOFT_WEIGHTINGS, "per_class") == set()


@pytest.mark.parametrize("loss", FURTHER)
def test_every_setting_of_a_further_loss(loss: str) -> None:
    own = [v for v in VALID if v.loss == loss]
    assert {v.dtype for v in own} == {"float64", "float32", "float16", "bfloat16"}
    assert {mode for v in own for mode in v.modes} == set(WEIGHTINGS) & LOSSES[loss]
    targets = {v.case.targets.dtype for v in own}
    wanted = {"bool"} if "candidates" in LOSSES[loss] else {"int64", "float32", "float64"}
    assert wanted <= targets
    assert all(set(OF_THE_ORACLE[loss].own) <= set(v.case.arguments) for v in own)
    assert any("term" in v.answer for v in own)


@pytest.mark.parametrize("categorical", [True, False])
def test_every_mode_under_every_reduction_in_further_losses(categorical: bool) -> None:
    own = [v for v in VALID if v.loss in FURTHER and v.case.categorical is categorical]
    met = {(mode, v.reduction) for v in own for mode in v.modes}
    names = set(WEIGHTINGS) & LOSSES["cross_entropy" if categorical else "binary_cross_entropy"]
    reductions = {reduction.split()[0] for reduction in SYSTEMATIC}
    assert {(mode, reduction) for mode in names for reduction in reductions} - met == set()


@pytest.mark.parametrize("loss", OF_REGIONS)
def test_every_setting_of_a_loss_of_regions(loss: str) -> None:
    own = [v for v in VALID if v.loss == loss]
    assert {v.dtype for v in own} == {"float64", "float32", "float16", "bfloat16"}
    assert {mode for v in own for mode in v.modes} == set(WEIGHTINGS) & LOSSES[loss]
    assert len({v.case.targets.dtype for v in own}) >= 3
    assert all(set(OF_THE_ORACLE[loss].own) <= set(v.case.arguments) for v in own)
    for name, default in DEFAULTS.items():
        wanted = {repr(value) for value in COMMON[name]}
        if name in OF_THE_ORACLE[loss].of_regions and name != "smooth":
            assert {repr(v.case.arguments.get(name, default)) for v in own} == wanted
    logits = [v for v in own if v.case.arguments.get("form", "logits") == "logits"]
    categorical = OF_THE_ORACLE[loss].categorical
    assert {v.id for v in own if "lost" in v.answer} == {v.id for v in logits if categorical}


@pytest.mark.parametrize("loss", OF_LAYERS)
def test_every_setting_of_a_loss_of_a_layer(loss: str) -> None:
    own = [v for v in VALID if v.loss == loss]
    modes = set(WEIGHTINGS) & set(inspect.signature(getattr(losses, loss)).parameters)
    met = {(mode, v.reduction) for v in own for mode in v.modes}
    assert {mode for mode, _ in met} == modes
    assert met >= set(product(modes - {"ignore_index"}, {r.split()[0] for r in SYSTEMATIC}))
    assert {v.dtype for v in own} == {"float64", "float32", "float16", "bfloat16"}
    assert {v.arrays["weight"].shape[0] for v in own} >= {7, 8, 9, 15, 16, 17, 127, 128, 129}
    assert missing(own, loss, "soft_weighting", SOFT_WEIGHTINGS, "per_class") == set()
    for v in own:
        layer = {"weight", "bias"} & set(v.case.arguments)
        assert layer <= set(v.answer["gradients"])
        assert len(v.answer["gradient"]["digits"]) == v.arrays["predictions"].size
    assert any(v.arrays["weight"].dtype != v.arrays["predictions"].dtype for v in own)


@pytest.mark.parametrize("categorical", [True, False])
@pytest.mark.parametrize("what", ["reduction", "dtype"])
def test_every_mode_of_regions_under_every_reduction_and_dtype(
    categorical: bool, what: str
) -> None:
    own = [v for v in VALID if v.loss in OF_REGIONS and v.case.categorical is categorical]
    met = {(mode, getattr(v, what)) for v in own for mode in v.modes}
    modes = {mode for mode, _ in met}
    assert met == set(product(modes, {value for _, value in met}))
    assert len({value for _, value in met}) == 4


@pytest.mark.parametrize("loss", MODES)
def test_every_mode_has_a_file(loss: str) -> None:
    names = {file.name for file in FILES}
    modes = set(WEIGHTINGS) & LOSSES[loss]
    assert {f"{loss}.{mode}.json" for mode in modes} <= names
    assert {
        f"{loss}.{group}.json" for group in ("unweighted", "pairs", "triples", "invalid")
    } <= names


def test_what_has_no_vectors_is_noticed() -> None:
    assert missing(VECTORS, "cross_entropy", "reduction", [*REDUCTIONS, "median"], "mean") == {
        "median"
    }
    unreduced = [v for v in VECTORS if v.reduction != "parts"]
    assert missing(unreduced, "cross_entropy", "reduction", REDUCTIONS, "mean") == {"parts"}


@pytest.mark.parametrize("loss", MODES)
def test_every_mode_alone_and_every_pair(loss: str) -> None:
    modes = sorted(set(WEIGHTINGS) & LOSSES[loss])
    own = [v for v in VALID if v.loss == loss and "systematic" in v.flags]
    met = Counter(tuple(sorted(v.modes)) for v in own)
    assert all(met[mode,] >= len(REDUCTIONS) for mode in modes)
    assert all(met[pair] >= 4 for pair in combinations(modes, 2))
    assert sum(count for modes, count in met.items() if len(modes) == 3) >= 20


def test_ranks_axes_and_dtypes() -> None:
    shapes = {
        loss: [
            (v.case.predictions.shape, v.case.arguments.get("axis", -1))
            for v in VALID
            if v.loss == loss
        ]
        for loss in MODES
    }
    assert {len(shape) for shape, _ in shapes["binary_cross_entropy"]} >= {0, 1, 2, 3, 4}
    assert {len(shape) for shape, _ in shapes["cross_entropy"]} >= {1, 2, 3, 4}
    places = {
        "first" if axis == 0 else "last" if axis % len(shape) == len(shape) - 1 else "middle"
        for shape, axis in shapes["cross_entropy"]
        if len(shape) > 2
    }
    assert places == {"first", "middle", "last"}
    dtypes = Counter((v.loss, v.dtype) for v in VALID if v.loss in MODES)
    assert len(dtypes) == 8
    assert min(dtypes.values()) > 50


@pytest.mark.parametrize(
    ("what", "found"),
    [
        ("an empty batch", lambda v: v.case.predictions.shape[:1] == (0,)),
        (
            "one class",
            lambda v: v.loss == "cross_entropy" and v.case.predictions.shape[-1:] == (1,),
        ),
        ("one item", lambda v: v.answer["parts"]["all_items"] == 1),
        ("N = C", lambda v: "square" in v.flags),
        ("65,536 items", lambda v: v.dtype == "float16" and v.answer["parts"]["batch"] == 65_536),
        ("257 items", lambda v: v.dtype == "bfloat16" and v.answer["parts"]["items"] == 257),
        (
            "all excluded",
            lambda v: v.answer["parts"]["items"] == 0 < v.answer["parts"]["all_items"],
        ),
        ("infinite loss", lambda v: "inf" in v.answer.get("value", {"digits": []})["digits"]),
        ("mass that is not 1", lambda v: "mass" in v.flags),
        ("no derivative", lambda v: "undefined" in str(v.answer["gradients"])),
    ],
)
@pytest.mark.parametrize("loss", MODES)
def test_special_shapes(loss: str, what: str, found: Any) -> None:
    only_multiclass = {"one class", "mass that is not 1", "257 items"}
    if loss == "binary_cross_entropy" and what in only_multiclass:
        return
    assert any(found(vector) for vector in VALID if vector.loss == loss), what


@pytest.mark.parametrize(
    "value",
    [1e4, -1e4, 745.0, -745.0, 88.7, 1.7976931348623157e308, 5e-324, "nan", "inf", "-inf"],
)
def test_special_predictions(value: Any) -> None:
    assert any(value in v.line["predictions"]["data"] for v in VALID if v.dtype == "float64")


def test_special_weights_and_probabilities() -> None:
    weights = {
        number
        for vector in VALID
        for name, argument in vector.case.arguments.items()
        if isinstance(argument, Tensor) and name.endswith("weight")
        for number in argument.data
    }
    assert weights >= {0.0, 1e30, 1e-30}
    data = [
        v.case.predictions.data for v in VALID if v.case.arguments.get("form") == "probabilities"
    ]
    assert {number for numbers_ in data for number in numbers_} >= {0.0, 1.0}


def test_stored_bits_are_those_of_the_stored_digits() -> None:
    wrong = [
        (vector.id, name, text, bits)
        for vector in VALID
        for name, answer, dtype in _with_bits(vector)
        for text, bits in zip(answer["digits"], answer["bits"], strict=True)
        if text != "undefined"
        and not _equal(
            numbers.read_bits(bits, dtype), exact_result(numbers.read_digits(text), dtype)
        )
    ]
    assert wrong == []


def _with_bits(vector: Vector) -> list[tuple[str, Any, str]]:
    found = [
        (n, vector.answer[n], vector.dtype) for n in ("value", "gradient") if n in vector.answer
    ]
    further = vector.answer["gradients"].items()
    return found + [(name, answer, vector.arrays[name].dtype.name) for name, answer in further]


def _equal(a: float, b: float) -> bool:
    return a == b or (a != a and b != b)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize(
    "number", [1.0, -2.5, 0.0, float("inf"), -float("inf"), float("nan"), 2.0**-20]
)
def test_bits_round_trip(dtype: str, number: float) -> None:
    assert _equal(numbers.read_bits(numbers.bits(mp.mpf(number), dtype), dtype), number)


def test_known_bits() -> None:
    third = mp.mpf(1) / 3
    known = {"float64": "3fd5555555555555", "float32": "3eaaaaab", "float16": "3555"}
    known["bfloat16"] = "3eab"
    assert {dtype: numbers.bits(third, dtype) for dtype in known} == known


def test_digits() -> None:
    with mp.workdps(60):
        third = mp.mpf(1) / 3
    assert numbers.digits(third) == "0." + 30 * "3"
    assert numbers.digits(mp.mpf(0.5)) == "0.5"
    with mp.workdps(60):
        middle = 1 + mp.mpf(2) ** -53  # its first thirty digits, rounded, lie above it
    assert numbers.read_digits(numbers.digits(middle)) == middle
    assert (
        numbers.bits(numbers.read_digits(numbers.digits(middle)), "float64") == "3ff0000000000000"
    )


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (1e30, "1.0e+30"),
        (-5e29, "-500000000000000000000000000000"),
        (1234.5, "1234.5"),
        (0.00012345678, "0.0001234568"),
        (1e-5, "1.0e-5"),
        (0.25078125, "0.2507813"),  # a tie
        (0.25078375, "0.2507838"),  # and one to an even digit
        (-9.9999999, "-10"),
        (2.0**-3000, "0"),
    ],
)
def test_sizes_are_printed_alike_by_every_mpmath(number: float, text: str) -> None:
    assert numbers.size(mp.mpf(number)) == text


def test_inputs_survive_being_written_and_read() -> None:
    stored = {vector.id: vector for vector in VECTORS}
    made = {case.id: case.block if isinstance(case, LongCase) else case for case in cases()}
    assert len(made) + len(BAD_INPUTS) == len(stored)
    for case_id, case in made.items():
        again = {**encode_input(stored[case_id].block), "id": case.id}
        assert again == encode_input(case)
        assert stored[case_id].file == file_of(case)


def test_answers_survive_being_written_and_read() -> None:
    stored = {vector.id: vector for vector in VALID}
    for case in cases()[::17]:
        if isinstance(case, LongCase):
            continue
        fresh, read = case.expected(), stored[case.id].expected
        for name in ("items", "gradient"):
            pairs = zip(
                Grid.of(getattr(fresh, name)).flat, Grid.of(getattr(read, name)).flat, strict=True
            )
            for new, old in pairs:
                if mp.isnan(new) or mp.isinf(new):
                    assert str(new) == str(old)
                else:
                    assert abs(new - old) <= abs(new) * 1e-29 + TINY


def test_invalid_vectors_name_their_error() -> None:
    refused = [vector for vector in VECTORS if vector.error is not None]
    assert {vector.error for vector in refused} == {"ValueError", "TypeError"}
    assert {v.id for v in refused} == {invalid(bad)["id"] for bad in BAD_INPUTS}
    assert not any(vector.answer for vector in refused)


@pytest.mark.parametrize(
    "reduction", ["mean", "weighted_mean", "nonzero_mean", "batch_mean", "parts"]
)
def test_a_long_case_is_what_the_oracle_says_of_it(reduction: str) -> None:
    options: dict[str, Any] = {"class_weight": [0.5, 2.0, 0.0], "mask": [True, True, False]}
    block = multiclass(
        "block", "float32", [[0.5, -1.0, 2.0], [1.0, 0.0, 3.0], [0.0, 0.0, 1.0]], [0, 1, 2], "", "",
        sample_weight=[1.0, 0.25, 3.0], reduction=reduction, **options,
    )  # fmt: skip
    case = long(block, 3, "three times")
    short, direct = case.expected(), super(LongCase, case).expected()
    for name in ("value", "parts", "items", "omega", "loss_scale", "gradient", "gradient_scale"):
        mine, right = Grid.of(getattr(short, name)).flat, Grid.of(getattr(direct, name)).flat
        assert len(mine) == len(right)
        for a, b in zip(mine, right, strict=True):
            assert abs(mp.mpf(a) - b) <= abs(mp.mpf(b)) * mp.mpf(2) ** -50
    assert case.predictions.shape == (9, 3)
    assert case.arguments["sample_weight"].shape == (9,)


def test_a_long_case_has_no_further_gradients() -> None:
    block = binary("block", "float32", [0.5], [1.0], "", "", reduction="sum")
    with pytest.raises(ValueError, match="wrt"):
        long(block, 2, "twice").expected(("targets",))


def test_a_vector_as_numpy_arrays() -> None:
    vector = next(v for v in VALID if v.times > 1 and v.dtype == "bfloat16")
    assert vector.arrays["predictions"].dtype.name == "bfloat16"
    assert vector.arrays["predictions"].shape == vector.case.predictions.shape
    assert len(vector.expected.items) * vector.times == vector.case.predictions.shape[0]
    named = next(v for v in VALID if isinstance(v.line["arguments"].get("class_weight"), dict)
                 and "shape" not in v.line["arguments"]["class_weight"])  # fmt: skip
    assert set(named.options["class_weight"]) >= {0, 1}
    assert str(named) == named.id == decode(named.line).id
