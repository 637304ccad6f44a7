"""A program in any language as an implementation: JSON lines in, JSON lines out."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from queue import Empty, Queue
from threading import Thread
from typing import Any

import numpy as np

from wce_conformance.adapters.base import as_numpy
from wce_conformance.cases import Tensor
from wce_conformance.implementation import Answer, Given, NotOffered, Refused
from wce_conformance.judging.vectors import FIELDS
from wce_conformance.vectors import Vector
from wce_conformance.vectors.numbers import read_plain

SECONDS = 60.0
"""How long a program may think about one vector."""
_SENT = ("id", "loss", "dtype", "predictions", "targets", "arguments")


class Program:
    """An :class:`~wce_conformance.implementation.Implementation` behind a pipe.

    Each vector is written to the program's standard input as one line, without its answer; the
    program writes one line for it to its standard output and flushes. It ends when its input does.
    """

    routes: tuple[str, ...] = ("exec",)
    sampled: Mapping[str, int] = {}
    repeated: tuple[str, ...] = ()

    def __init__(
        self,
        command: Sequence[str],
        precisions: tuple[str, ...] = ("native",),
        seconds: float = SECONDS,
    ) -> None:
        self.name = " ".join(command)
        self.version = ""
        self.precisions = precisions
        self._seconds = seconds
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self._lines: Queue[str | None] = Queue()
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()

    def offers(self, vector: Vector) -> bool:
        """The program itself says what it does not offer."""
        del vector
        return True

    def run(self, vector: Vector, route: str, precision: str) -> Given:
        """One line there, one line back."""
        del route
        return _given(vector, self._asked(question(vector, precision)))

    def close(self) -> None:
        """End of input; a program that does not end then is ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=self._seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join()
        self._process.stdout.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _asked(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(asked, ensure_ascii=False) + "\n")
            self._process.stdin.flush()
            line = self._lines.get(timeout=self._seconds)
        except BrokenPipeError:
            line = None
        except Empty:
            self._process.kill()
            raise RuntimeError(f"no answer within {self._seconds:g} s") from None
        if line is None:
            raise RuntimeError(f"the program has ended, status {self._process.wait()}")
        answer = json.loads(line)
        if not isinstance(answer, dict) or answer.get("id") != asked["id"]:
            raise RuntimeError(f"expected an answer to {asked['id']!r}, got {line.strip()[:200]}")
        return answer


def question(vector: Vector, precision: str) -> dict[str, Any]:
    """What the program is told: arrays written out in full, and nothing of the answer."""
    asked = {name: vector.line[name] for name in _SENT}
    for name in ("predictions", "targets"):
        asked[name] = in_full(asked[name])
    asked["arguments"] = {name: in_full(value) for name, value in asked["arguments"].items()}
    return {**asked, "precision": precision}


def in_full(value: Any) -> Any:
    """An array without "times"; anything else as it is."""
    if not isinstance(value, dict) or "times" not in value:
        return value
    array = {name: part for name, part in value.items() if name != "times"}
    return {**array, "data": value["data"] * value["times"]}


def _given(vector: Vector, answer: Mapping[str, Any]) -> Given:
    if "not_offered" in answer:
        return NotOffered(str(answer["not_offered"]))
    if "error" in answer:
        return Refused(str(answer["error"]), str(answer.get("message", "")))
    gradient = answer.get("gradient")
    shape = vector.case.predictions.shape
    return Answer(
        _value(vector, answer["value"]),
        None if gradient is None else _array(gradient, vector.dtype, shape),
        {
            name: _array(own, vector.arrays[name].dtype.name, vector.arrays[name].shape)
            for name, own in answer.get("gradients", {}).items()
        },
    )


def _value(vector: Vector, value: Any) -> Any:
    if vector.reduction == "parts":
        wide = "float64" if vector.dtype == "float64" else "float32"
        dtypes = {"total": wide, "weight": wide, "absolute_weight": wide}
        value = {"absolute_weight": value["weight"], **value}
        return tuple(_array(value[name], dtypes.get(name, "int64"), ()) for name in FIELDS)
    shape = vector.case.loss_shape if vector.reduction == "none" else ()
    return _array(value, vector.dtype, shape)


def _array(value: Any, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers row by row, or one number, rounded to the dtype: a program may print more digits."""
    flat = value if isinstance(value, list) else [value]
    if dtype == "int64":
        return as_numpy(Tensor(dtype, shape, tuple(map(int, flat))))
    numbers = np.array([float(read_plain(number)) for number in flat], dtype=np.float64)
    with np.errstate(over="ignore"):
        return numbers.reshape(shape).astype(as_numpy(Tensor(dtype, (0,), ())).dtype)
