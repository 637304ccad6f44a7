"""The playground without a browser: its answers, its page, its server, and files of one's own."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import uvicorn

from wce_core import cli, extras, losses
from wce_core.explanation import explain
from wce_core.playground import answer, controls, page, scores, server
from wce_core.playground.data import points, sample, with_ones

STARTS = {control.name: control.values[control.start] for control in controls.LIVE}


def test_the_answer_is_that_of_the_library() -> None:
    values = {**STARTS, "weight2": 20.0, "smoothing": 0.1, "reduction": "weighted_mean"}
    found = answer.answer(values)
    x, y = sample((200, 50, 10))
    options: dict[str, Any] = {
        "class_weight": [1.0, 1.0, 20.0],
        "label_smoothing": 0.1,
        "reduction": "weighted_mean",
    }
    model = np.zeros((3, 3))
    for _ in range(answer.STEPS):  # by the formula: softmax minus targets, weighted
        q = 0.9 * np.eye(3)[y] + 0.1 / 3
        weighted = q * options["class_weight"]
        p = np.exp(x @ model)
        p /= p.sum(axis=1, keepdims=True)
        slope = (p * weighted.sum(axis=1, keepdims=True) - weighted) / weighted.sum()
        model -= answer.RATE * (x.T @ slope)
    np.testing.assert_allclose(found["model"], model, atol=1e-4)
    for when, logits in (("before", np.zeros((y.size, 3))), ("after", x @ model)):
        own = explain(losses.cross_entropy, logits, y, **options)
        np.testing.assert_allclose(found[when]["loss"], own.value, rtol=1e-5)
        rows = [[each.items, each.weight, each.loss, each.gradient] for each in own.classes]
        np.testing.assert_allclose(found[when]["rows"], rows, rtol=1e-4)


def test_weights_find_the_rare_class_and_cost_the_others() -> None:
    plain, weighted = (answer.answer({**STARTS, "weight2": w})["recall"] for w in (1.0, 40.0))
    assert weighted[2] > plain[2] + 0.2
    assert weighted[0] < plain[0]


def test_what_is_found_is_not_what_was_trained_with() -> None:
    assert not np.array_equal(points(seed=1), points())
    called = (with_ones(points(seed=1)) @ np.diag([1.0, 0.0, 0.0])).argmax(axis=-1)
    np.testing.assert_array_equal(
        answer.recall(np.diag([1.0, 0.0, 0.0])), (called == np.arange(3)[:, None]).mean(axis=1)
    )


def test_the_page_of_the_site_has_every_answer() -> None:
    every = dict(controls.every(controls.SITE))
    assert len(every) == np.prod([len(control.values) for control in controls.SITE])
    made = page._page(controls.SITE, {"0,0,0,0,0,0": answer.answer(every["0,0,0,0,0,0"])})
    assert '"0,0,0,0,0,0":{"counts":[200,10,5]' in made
    assert not re.search(r"https?://|//cdn", made)


def test_a_control_begins_with_one_of_its_values() -> None:
    for control in (*controls.LIVE, *controls.SITE, controls.FORM):
        assert 0 <= control.start < len(control.values)
    names = {control.name for control in controls.LIVE}
    assert {control.name for control in controls.SITE} < names


GOOD = {
    "named": ("label,cat,dog\ncat,2.0,0.5\ndog,0.1,0.3\n\n", [0, 1], [[2.0, 0.5], [0.1, 0.3]]),
    "numbered": ("y,a,b\n1, 2.0 ,0.5\n0,0.1,0.3", [1, 0], [[2.0, 0.5], [0.1, 0.3]]),
    "numbers as names": ("y,1,0\n1,2.0,0.5", [0], [[2.0, 0.5]]),
    "binary": ("label,score\n1,2.0\n0,-1", [1, 0], [2.0, -1.0]),
    "old line ends": ("label,score\r1,2.0\r0,-1", [1, 0], [2.0, -1.0]),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_file_is_read(name: str) -> None:
    text, labels, numbers = GOOD[name]
    found = scores.read(text)
    np.testing.assert_array_equal(found.labels, labels)
    np.testing.assert_array_equal(found.scores, numbers)


BAD = {
    "nothing": ("", "no rows"),
    "names alone": ("label,cat,dog", "no rows"),
    "one column": ("label\n1", "one column"),
    "an unknown label": ("label,cat,dog\nmouse,1,2", "row 2 has the label 'mouse'"),
    "a label outside": ("label,score\n2,0.5", "'2'; expected one of 0, 1"),
    "too few columns": ("label,cat,dog\ncat,1", "row 2 has 2 columns; the first row has 3"),
    "a word": ("label,cat,dog\ncat,1,much", "a score that is no number: 1, much"),
    "NaN": ("label,cat,dog\ncat,1,nan", "not finite"),
    "the same name twice": ("label,cat,cat\ncat,1,2", "same name"),
    "too many classes": ("label," + ",".join(map(str, range(13))) + "\n0", "13 classes"),
    "no text": ("label,cat\ufffd,dog\n", "no text in UTF-8"),
    "an open quote": ('label,score\n1,"' + "2" * 140_000, "is no CSV"),
    "too large": ("x" * (scores.LARGEST + 1), "at most 5,000,000"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_file_is_answered_in_words(name: str) -> None:
    text, message = BAD[name]
    with pytest.raises(ValueError, match=re.escape(message)):
        scores.answer(text, {})


def test_an_infinite_loss_is_said() -> None:
    with pytest.raises(ValueError, match="probability 0 for its own label"):
        scores.answer("y,a,b\na,0.0,1.0", {"form": "probabilities"})


def test_probabilities_that_are_none_are_said() -> None:
    with pytest.raises(ValueError, match="probabilit"):
        scores.answer("y,a,b\na,2.0,1.0", {"form": "probabilities"})


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The server, in a thread of its own."""
    with socket.socket() as free:
        free.bind((server.HOST, 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(server.application(), server.HOST, port, log_level="warning")
    own = uvicorn.Server(config)
    thread = threading.Thread(target=own.run)
    thread.start()
    while not own.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"http://{server.HOST}:{port}"
    own.should_exit = True
    thread.join()


def _ask(address: str, message: bytes, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(f"{address}/answer", message, headers)
    try:
        with urllib.request.urlopen(request) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_the_server_answers(address: str) -> None:
    with urllib.request.urlopen(address) as reply:
        assert "What do my weights do?" in reply.read().decode()
    values = {**STARTS, "weight1": 5.0}
    status, text = _ask(address, json.dumps({"values": values}).encode())
    assert status == 200
    assert json.loads(text) == json.loads(json.dumps(answer.answer(values)))
    own = {"values": {"weight1": 3.0}, "file": GOOD["binary"][0]}
    status, text = _ask(address, json.dumps(own).encode())
    found = explain(losses.binary_cross_entropy, [2.0, -1.0], [1, 0], class_weight=[1.0, 3.0])
    assert json.loads(text)["after"]["loss"] == pytest.approx(found.value, rel=1e-5)


@pytest.mark.parametrize(
    "message",
    [b"nonsense", b"[]", b'{"values": {"count0": 0}}', b'{"values": {"reduction": "none"}}'],
)
def test_the_server_refuses(address: str, message: bytes) -> None:
    status, text = _ask(address, message)
    assert status == 400
    assert json.loads(text)["error"]


def test_a_page_of_another_host_is_turned_away(address: str) -> None:
    assert _ask(address, b"{}", Host="elsewhere.example")[0] == 400


def test_the_command_serves_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}
    monkeypatch.setattr(uvicorn, "run", lambda application, **options: asked.update(options))
    assert cli.main(["playground", "--port", "8123"]) == 0
    assert (asked["host"], asked["port"]) == ("127.0.0.1", 8123)


def test_what_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "find_spec", lambda name: None if name == "uvicorn" else object())
    assert cli.main(["playground"]) == 1
    assert extras.command("playground") in capsys.readouterr().err
