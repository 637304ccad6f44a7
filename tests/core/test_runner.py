"""The runner must tell right from wrong from not offered, for classes and for programs."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from io import StringIO
from math import inf, prod
from pathlib import Path
from typing import Any
from unittest import SkipTest

import numpy as np
import pytest
from rich.console import Console
from seen import is_seen

from wce_conformance import __main__ as command
from wce_conformance import check, load_vectors
from wce_conformance import this_library as ours
from wce_conformance.calls import supports
from wce_conformance.implementation import Answer, Given, NotOffered, Refused
from wce_conformance.judging.numbers import Verdict, judge_element
from wce_conformance.judging.vectors import FIELDS, judged
from wce_conformance.oracle.real import mp
from wce_conformance.program import Program, question
from wce_conformance.repeating import ITEMS, Repeated, repeated
from wce_conformance.report import show, worst_errors
from wce_conformance.runner import Choice, Record, run, run_backend, tasks
from wce_conformance.sampling import in_sample
from wce_conformance.this_library import WceCore
from wce_conformance.vectors import FOLDER, Vector
from wce_conformance.vectors.reading import decode

VECTORS = load_vectors()
BY_ID = {vector.id: vector for vector in VECTORS}
MASKS = FOLDER / "cross_entropy.mask.json"
CORE = WceCore("numpy")


class Changed:
    """wce_core on NumPy, some of its answers changed; means only."""

    name = "changed"
    version = "0"
    routes: tuple[str, ...] = ("eager",)
    precisions: tuple[str, ...] = ("native", "exact")
    sampled: Mapping[str, int] = {}
    repeated: tuple[str, ...] = ()

    def offers(self, vector: Vector) -> bool:
        return vector.reduction == "mean"

    def run(self, vector: Vector, route: str, precision: str) -> Given:
        given = CORE.run(vector, route, precision)
        if not isinstance(given, Answer):
            return given
        if "mask" in vector.modes:  # as many as do not count
            value = given.value * vector.answer["parts"]["items"]
            return given._replace(value=value / max(1, vector.answer["parts"]["all_items"]))
        return given


def test_the_right_vectors_fail() -> None:
    records = run(Changed(), Choice(precisions=("native",), path=FOLDER))
    failed = {record.vector for record in records if record.status == "failed"}
    wrong = {
        vector.id
        for vector in VECTORS
        if vector.answer
        and vector.reduction == "mean"
        and "mask" in vector.modes
        and vector.answer["parts"]["items"] != vector.answer["parts"]["all_items"]
        and vector.answer["value"]["digits"] not in (["0"], ["nan"])
    }
    assert len(wrong) > 3
    assert failed == wrong


def test_not_offered_is_not_passed() -> None:
    records = run(Changed(), Choice(path=MASKS, precisions=("native",)))
    counts = Counter(record.status for record in records)
    means = sum(vector.reduction == "mean" for vector in load_vectors(MASKS))
    assert counts["not offered"] == len(load_vectors(MASKS)) - means > 0
    assert counts["passed"] + counts["failed"] == means


def test_wce_core_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["run", "--backend", "numpy", "--vectors", str(MASKS)]) == 0
    shown = capsys.readouterr().out
    assert "wce_core on numpy" in shown
    assert "0 bits" in shown


def test_two_processes_do_what_one_does() -> None:
    choice = Choice(path=MASKS, precisions=("native",), limit=5)
    one = [(record.vector, record.status) for record in run_backend("numpy", choice, 1)]
    two = [(record.vector, record.status) for record in run_backend("numpy", choice, 2)]
    assert sorted(one) == sorted(two)
    assert len(one) == 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a._replace(value=a.value * (1 + 1e-3)), "value[0]"),
        (lambda a: a._replace(gradient=a.gradient * (1 + 1e-3)), "gradient["),
        (lambda a: a._replace(gradient=a.gradient[:, :1]), "gradient has shape"),
        (lambda a: a._replace(value=np.ones(3)), "value has shape"),
        (lambda a: a._replace(value=a.value * np.nan), "value[0]"),
        (lambda a: Refused("ValueError", "no"), "refused with ValueError"),
    ],
)
@pytest.mark.parametrize("exact", [False, True])
def test_a_wrong_answer_fails(change: Any, message: str, exact: bool) -> None:
    vector = next(
        v
        for v in VECTORS
        if "class_weight/weighted_mean" in v.id and len(v.case.predictions.shape) == 2
    )
    right = CORE.run(vector, "eager", "exact" if exact else "native")
    assert judged(vector, right, exact=exact).status == "passed"
    judgement = judged(vector, change(right), exact=exact)
    assert judgement.status == "failed"
    assert message in judgement.failures[0]


def test_a_wrong_gradient_to_weights_fails() -> None:
    vector = next(v for v in VECTORS if v.answer and "class_weight" in v.answer["gradients"])
    right = CORE.run(vector, "eager", "native")
    assert isinstance(right, Answer)
    weights = np.array(vector.answer["gradients"]["class_weight"]["digits"], dtype=np.float64)
    gradient = weights.reshape(vector.arrays["class_weight"].shape)
    assert (
        judged(vector, right._replace(gradients={"class_weight": gradient}), exact=False).status
        == "passed"
    )
    for wrong in (gradient + 0.1, gradient * np.nan, gradient[:1]):
        given = right._replace(gradients={"class_weight": wrong})
        assert judged(vector, given, exact=False).status == "failed"


def with_answer(vector: Vector, name: str, value: Any) -> Vector:
    """The vector with another entry in its answer, as someone's file might have it."""
    line = {**vector.line, "expected": {**vector.line["expected"], name: value}}
    return decode(json.loads(json.dumps(line)))


@pytest.mark.parametrize("scale", ["nan", "inf"])
def test_a_scale_that_is_not_finite_excuses_nothing(scale: str) -> None:
    vector = next(
        v for v in VECTORS if v.answer and v.answer["gradients"] and v.reduction == "mean"
    )
    right = CORE.run(vector, "eager", "native")
    assert isinstance(right, Answer)
    name, further = next(iter(vector.answer["gradients"].items()))
    unscaled = [
        ("loss_scale", scale),
        ("gradient_scale", [scale] * len(vector.answer["gradient_scale"])),
        ("gradients", {name: {**further, "sizes": [scale] * len(further["sizes"])}}),
    ]
    given = right._replace(gradients={name: np.ones(vector.arrays[name].shape)})
    for entry in unscaled:
        judgement = judged(with_answer(vector, *entry), given, exact=False)
        assert judgement.status == "failed"
        assert "inf eps" in judgement.failures[0]


def test_an_infinite_gradient_excuses_none_beside_it() -> None:
    vector = BY_ID["cross_entropy/probability 0 under mass, sum/float32"]
    right = CORE.run(vector, "eager", "native")
    assert isinstance(right, Answer)
    assert right.gradient is not None
    assert np.isinf(right.gradient).any()
    assert judged(vector, right, exact=False).status == "passed"
    wrong = np.where(np.isinf(right.gradient), right.gradient, right.gradient + 7)
    judgement = judged(vector, right._replace(gradient=wrong), exact=False)
    assert judgement.status == "failed"
    assert len(judgement.failures) == np.isfinite(right.gradient).sum()


@pytest.mark.parametrize(("unit", "right"), [(1e6, True), (1e3, False), (inf, False)])
def test_what_cancels_may_overflow(unit: float, right: bool) -> None:
    """Terms of 10⁹ in float16: whatever is left of them, it is within the bound."""
    verdict = Verdict()
    judge_element(verdict, "gradient[0]", inf, mp.mpf(0), mp.mpf(unit), "float16")
    assert (verdict.failures == []) == right


def test_one_wrong_item_in_a_long_vector_fails() -> None:
    vector = next(v for v in VECTORS if v.times > 1 and v.reduction == "mean")
    right = CORE.run(vector, "eager", "native")
    assert isinstance(right, Answer)
    assert right.gradient is not None
    assert judged(vector, right, exact=False).status == "passed"
    right.gradient[-1] = 0
    assert judged(vector, right, exact=False).status == "failed"
    right.gradient[:] = 0
    assert judged(vector, right, exact=False).status == "failed"


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (Refused("ValueError"), "passed"),
        (Refused("KeyError"), "failed"),
        (Answer(np.float32(1.0), None), "failed"),
        (NotOffered(), "not offered"),
    ],
)
def test_an_invalid_vector_must_be_refused(given: Given, status: str) -> None:
    vector = next(v for v in VECTORS if v.error == "ValueError")
    assert judged(vector, given, exact=False).status == status


def test_an_implementation_that_breaks_has_failed() -> None:
    class Broken(Changed):
        def run(self, vector: Vector, route: str, precision: str) -> Given:
            raise KeyError(vector.id)

    records = run(Broken(), Choice(path=MASKS, precisions=("native",)))
    assert Counter(r.status for r in records)["failed"] == 1
    failed = next(record for record in records if record.status == "failed")
    assert "KeyError" in failed.judgement.failures[0]


def test_of_a_slow_route_a_sample_is_run() -> None:
    class Slow(Changed):
        routes = ("eager", "compiled")
        sampled: Mapping[str, int] = {"compiled": 10}

    count = Counter(task.route for task in tasks(Slow(), Choice(), VECTORS))
    assert count["eager"] == 2 * len(VECTORS)
    assert 0.05 * count["eager"] < count["compiled"] < 0.2 * count["eager"]
    assert all(
        in_sample(t.vector, 10) for t in tasks(Slow(), Choice(), VECTORS) if t.route == "compiled"
    )
    everything = tasks(Slow(), Choice(everything=True), VECTORS)
    assert Counter(task.route for task in everything)["compiled"] == count["eager"]


def test_the_report_names_failures_and_samples() -> None:
    records = run(Changed(), Choice(precisions=("native",)))
    console = Console(width=100, file=StringIO())
    show(console, "changed 0", records, {"eager": 7})
    text = console.file.getvalue()
    failed = {record.vector for record in records if record.status == "failed"}
    assert failed
    assert all(vector in text for vector in failed)
    assert "1 vector in 7" in text
    assert worst_errors(records)["gradient"] > 0


PROGRAM = """
import sys
for line in sys.stdin:
    vector = json.loads(line)
    assert "expected" not in vector and "error" not in vector
    answer = ANSWERS.get(vector["id"], {"not_offered": "no"})
    print(json.dumps({"id": vector["id"], **answer}), flush=True)
"""


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., list[str]]:
    """Makes programs that know some answers by heart."""

    def made(answers: Mapping[str, Any], text: str = PROGRAM) -> list[str]:
        path = tmp_path / "program.py"
        known = f"import json\nANSWERS = json.loads({json.dumps(answers)!r})\n"
        path.write_text(known + text, encoding="utf-8")
        return [sys.executable, str(path)]

    return made


def by_heart(vector: Vector) -> dict[str, Any]:
    """The stored answer as a program gives it."""
    if vector.error is not None:
        return {"error": vector.error}
    parts, answer = vector.answer["parts"], vector.answer
    told = [field for field in FIELDS if field in parts]  # Σ|ω| where it is not Σω
    value = {f: float(parts[f]) if isinstance(parts[f], str) else parts[f] for f in told}
    if "value" in answer:
        numbers = [_number(text) for text in answer["value"]["digits"]]
        value = numbers if vector.reduction == "none" else numbers[0]
    gradients = {
        name: [_number(text) for text in gradient["digits"]]
        for name, gradient in answer["gradients"].items()
        if "undefined" not in gradient["digits"]
    }
    gradient = [_number(text) for text in answer["gradient"]["digits"]]
    return {"value": value, "gradient": gradient * vector.times, "gradients": gradients}


def _number(text: str) -> Any:
    return text if text in ("inf", "-inf", "nan") else float(text)


def test_a_program_that_knows_the_answers(program: Any) -> None:
    """The protocol carries whatever the vectors hold."""
    small = [v for v in VECTORS if v.times == 1 and is_seen(v, one_in=3)]
    speaking = Program(program({vector.id: by_heart(vector) for vector in small}))
    try:
        for vector in small:
            given = speaking.run(vector, "exec", "native")
            assert judged(vector, given, exact=False).failures == []
            assert judged(vector, given, exact=False).status == "passed"
    finally:
        speaking.close()


def test_a_program_by_the_command(program: Any, capsys: pytest.CaptureFixture[str]) -> None:
    answers = {vector.id: by_heart(vector) for vector in load_vectors(MASKS)}
    line = ["run", "--vectors", str(MASKS), "--exec"]
    assert command.main([*line, " ".join(program(answers))]) == 0
    wrong = next(v for v in load_vectors(MASKS) if v.reduction == "sum")
    del answers[next(iter(answers.keys() - {wrong.id}))]
    answers[wrong.id]["value"] += 1.0
    capsys.readouterr()
    assert command.main([*line, " ".join(program(answers))]) == 1
    shown = capsys.readouterr().out
    assert wrong.id in shown
    assert shown.count("cross_entropy/mask/") == 1


def test_long_vectors_are_written_out_for_programs() -> None:
    vector = next(v for v in VECTORS if v.times > 1 and "class_weight" in v.modes)
    asked = question(vector, "native")
    assert asked["predictions"]["shape"] == list(vector.case.predictions.shape)
    assert len(asked["predictions"]["data"]) == len(vector.case.predictions.data)
    assert "times" not in json.dumps(asked)
    assert "expected" not in asked
    assert asked["precision"] == "native"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has ended"),
        ("import sys; sys.stdin.readline(); sys.exit(3)", "has ended, status 3"),
        ("input(); print('{}', flush=True)", "expected an answer to"),
        ("import time; time.sleep(30)", "no answer within"),
    ],
)
def test_a_program_that_does_not_answer(program: Any, text: str, message: str) -> None:
    silent = Program(program({}, text), seconds=3.0)
    with pytest.raises(RuntimeError, match=message):
        silent.run(VECTORS[0], "exec", "native")
    silent.close()


NOTHING = {
    "run": "name a --backend",
    "run --backend numpy --vectors no/such/dir": "there is no no/such/dir",
    "run --backend numpy --vectors {empty}": "has no vectors",
    "run --backend numpy --vectors {other}": "no file of vectors",
    "run --backend numpy --route egaer": "numpy has no route 'egaer'; it has eager",
    "run --backend numpy --route eager --route xla": "no route 'xla'",
    "run --exec cat --route eager": "--route is for a --backend",
    "run --backend numpy --limit 0": "0 is not a positive number",
    "run --backend numpy --jobs -1": "-1 is not a positive number",
    "scoreboard --vectors no/such/dir": "there is no no/such/dir",
    "scoreboard --only wce_core-numpy --vectors {invalid}": "nothing was judged",
}


@pytest.mark.parametrize("line", NOTHING)
def test_nothing_to_run(line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt route or folder must not look like a success."""
    places = {
        "empty": tmp_path,
        "other": Path(__file__),
        "invalid": FOLDER / "cross_entropy.invalid.json",
    }
    arguments = [word.format(**places) for word in line.split()]
    try:
        status = command.main(arguments)
    except SystemExit as ended:  # by argparse
        status = ended.code
    assert status == 2
    assert NOTHING[line] in capsys.readouterr().err


def test_nothing_offered(program: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody has to have everything, but a run that judged nothing has not passed."""
    line = ["run", "--vectors", str(MASKS), "--exec", " ".join(program({}))]
    assert command.main(line) == 2
    assert "nothing was judged" in capsys.readouterr().err


def test_a_sample_without_any_of_the_vectors(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(ours.SAMPLED, "numpy", {"eager": 2**40})
    assert command.main(["run", "--backend", "numpy", "--vectors", str(MASKS)]) == 2
    assert "--all" in capsys.readouterr().err


def mine(vector: Vector) -> tuple[Any, Any]:
    """What a user writes: only one loss, and no weights."""
    if vector.loss != "binary_cross_entropy" or vector.modes or vector.error:
        raise NotImplementedError  # how an implementation says that it does not offer this
    given = CORE.run(vector, "eager", "native")
    assert isinstance(given, Answer)
    return given.value, given.gradient


def test_check() -> None:
    offered = [v for v in VECTORS if v.loss == "binary_cross_entropy" and not v.modes and v.answer]
    for vector in offered:
        check(vector, mine)
    with pytest.raises(SkipTest, match="not offered"):
        check(BY_ID["cross_entropy/one class/float64"], mine)
    vector = offered[0]
    with pytest.raises(AssertionError, match=vector.id.split("/", maxsplit=1)[0]):
        check(vector, lambda v: (mine(v)[0] + 1.0, None))
    with pytest.raises(ZeroDivisionError):
        check(vector, lambda v: (1 // 0, None))


def test_check_of_an_invalid_vector() -> None:
    vector = next(v for v in VECTORS if v.error == "TypeError")

    def refuses(vector: Vector) -> Any:
        raise TypeError(vector.id)

    def wrong(vector: Vector) -> Any:
        raise KeyError(vector.id)

    check(vector, refuses)
    for function in (wrong, lambda v: (0.0, None)):
        with pytest.raises(AssertionError, match="expected a TypeError"):
            check(vector, function)


def test_backends_differ_in_what_they_offer() -> None:
    strict = WceCore("array_api_strict") if _has("array_api_strict") else None
    halves = [v for v in VECTORS if v.dtype == "float16"]
    assert all(CORE.offers(vector) for vector in halves)
    assert strict is None or not any(supports(v.case, strict.adapter) for v in halves)


def _has(name: str) -> bool:
    from importlib.util import find_spec

    return find_spec(name) is not None


def test_records_are_plain() -> None:
    records: list[Record] = run(Changed(), Choice(path=MASKS, limit=1))
    assert {record.precision for record in records} == {"native", "exact"}


def test_the_page_of_worst_errors(tmp_path: Path) -> None:
    page = tmp_path / "errors.md"
    arguments = ["run", "--backend", "numpy", "--limit", "150", "--markdown", str(page)]
    assert command.main(arguments) == 0
    text = page.read_text()
    assert f"python -m wce_conformance {' '.join(arguments[:3])}" in text
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if "| numpy |" in line]
    assert {(row[2], row[3]) for row in rows} >= {("native", "float32"), ("exact", "float16")}
    for *_, precision, dtype, _, failed, reduced, item, gradient in (row[:9] for row in rows):
        assert failed == "0"
        errors = [each for each in (reduced, item, gradient) if each]
        if precision == "exact" and dtype != "float64":
            assert set(errors) == {"0 bits"}
        else:
            assert all(0 <= float(each) <= 4 for each in errors)


def test_repeated_vectors_have_the_answers_of_long_ones() -> None:
    """NumPy in the place of a compiled route: means stay, sums grow, gradients of means shrink."""
    seen = [vector for vector in VECTORS if is_seen(vector, one_in=3)]
    long = [own for own in map(repeated, seen) if isinstance(own, Repeated)]
    assert len(long) > len(seen) / 2
    assert {own.reduction for own in long} >= {"none", "sum", "mean", "weighted_mean", "parts"}
    for vector in long:
        assert prod(vector.case.item_shape) >= ITEMS
        judgement = judged(vector, CORE.run(vector, "eager", "native"), exact=False)
        assert judgement.status == "passed", (vector.id, judgement.failures)


def test_one_wrong_item_among_the_repeated_fails() -> None:
    """As of code for what is left over by code for many."""

    class Last(Changed):
        repeated: tuple[str, ...] = ("eager",)

        def run(self, vector: Vector, route: str, precision: str) -> Given:
            given = CORE.run(vector, route, precision)
            assert isinstance(given, Answer)
            assert given.gradient is not None
            given.gradient[-1] += 1.0
            return given

    path = FOLDER / "binary_cross_entropy.unweighted.json"
    records = run(Last(), Choice(precisions=("native",), path=path))
    failures = [record.judgement.failures for record in records if record.status == "failed"]
    assert failures
    assert all("expected" in failure for failed in failures for failure in failed)
