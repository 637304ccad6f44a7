"""Operations on NumPy arrays, written down as they are done: by arrays that stand in for them.

A :class:`Traced` array does what is done with it, by NumPy's own protocols, and has its
:class:`Trace` write a line for it. What is asked of values is a guard in it, and what depends
on nothing but constants is no line at all.
"""

from __future__ import annotations

import builtins
import itertools
import operator
from collections.abc import Iterable, Iterator, Mapping
from types import FunctionType
from typing import Any, ClassVar, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from wce_core.frameworks.backend import Backend

NUMBERS = (int, float)
"""Python's, whose dtype is that of the array beside them."""


class Untraceable(Exception):  # noqa: N818  # no error: the call takes the usual way
    """Something was asked of a traced array that is no operation."""


SIGNS = {
    np.add: " + ",
    np.subtract: " - ",
    np.multiply: " * ",
    np.divide: " / ",
    np.negative: "-",
    np.invert: "~",
    np.bitwise_and: " & ",
    np.bitwise_or: " | ",
    np.equal: " == ",
    np.not_equal: " != ",
    np.less: " < ",
    np.less_equal: " <= ",
    np.greater: " > ",
    np.greater_equal: " >= ",
}
"""Operators as Python writes them."""


class Trace:
    """The lines of a program, and the functions and constants that they name."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.known: dict[str, Any] = {}
        self._sums: dict[str, Any] = {}
        """Scalars by their lines, which would come to the same if they were repeated here."""
        self._count = itertools.count()

    def parameter(self, value: np.ndarray) -> Traced:
        """One more argument of the program."""
        return Traced(self, self._name(), value)

    def fixed(self, value: np.ndarray) -> Traced:
        """One more argument, which is the same in every call: passed, not held."""
        name = self._named(value)
        return Traced(self, name, self.known[name])

    def constant(self, value: Any) -> Any:
        """What is the same in every call, as an array or arrays that nobody can write to."""
        if isinstance(value, (tuple, list)):
            return tuple(map(self.constant, value))
        if isinstance(value, np.ndarray) and value.base is not None:
            value = value.copy(order="K")  # a view would hold what it is of
        return self.fixed(value)

    def method(self, array: Traced, name: str, args: Any, kwargs: Mapping[str, Any]) -> Any:
        """The result of a method."""
        line = f"{array.name}.{name}{self._arguments(args, kwargs)}"
        return self._line(line, getattr(array.value, name), args, kwargs, of=array)

    def call(self, function: Any, args: Any, kwargs: Mapping[str, Any]) -> Any:
        """The result of a function."""
        line = f"{self._named(function)}{self._arguments(args, kwargs)}"
        return self._line(line, function, args, kwargs)

    def reduction(self, array: Traced, ufunc: Any, kwargs: Mapping[str, Any]) -> Any:
        """The result of ``ufunc.reduce``, taken once."""
        key = f"{array.name} {ufunc} {kwargs}"
        if key not in self._sums:
            line = f"{self._named(ufunc.reduce)}{self._arguments((array,), kwargs)}"
            result = self._line(line, ufunc.reduce, (array,), kwargs, reads=True)
            if result.ndim:
                return result
            self._sums[key] = result
        return self._sums[key]

    def operation(self, sign: str, ufunc: Any, args: tuple[Any, ...]) -> Any:
        """The same of an operator: for NumPy's scalars ten times faster than the ufunc."""
        args = _typed(args)
        texts = [self._text(arg) for arg in args]
        line = sign.join(texts) if len(texts) > 1 else sign + texts[0]
        return self._line(line, ufunc, args, {}, reads=True)

    def truth(self, array: Traced) -> bool:
        """Whether a condition holds; from here on the program depends on it."""
        true = bool(array.value)
        if array.name not in self.known:
            self.lines.append(f"if {'not ' if true else ''}{array.name}: return None")
        return true

    def program(self, parameters: Iterable[Traced], result: Any) -> FunctionType:
        """The lines as a function of the parameters, which holds the constants that they name."""
        body = [*self.lines, f"return {self._text(result)}"]
        header = f"def program({', '.join(array.name for array in parameters)}):"
        source = "\n    ".join([header, *body])
        scope: dict[str, Any] = {}
        exec(compile(source, "<wce_core program>", "exec"), scope)
        code = scope["program"].__code__
        held = {name: self.known[name] for name in code.co_names if name in self.known}
        # Dynamo looks for builtins where it follows a function of NumPy's arrays.
        return FunctionType(code, {"__builtins__": builtins, **held})

    def _line(
        self,
        line: str,
        function: Any,
        args: Any,
        kwargs: Mapping[str, Any],
        *,
        of: Traced | None = None,
        reads: bool = False,
    ) -> Any:
        """The result of a function, which becomes a line unless it is known already.

        ``of``: the array whose method it is; ``reads``: and writes to nothing.
        """
        value = function(*_value(args), **{key: _value(arg) for key, arg in kwargs.items()})
        if of is not None and value is of.value:
            return of
        if all(array.name in self.known for array in _traced([of, *args, *kwargs.values()])):
            return self.constant(value)
        if not reads:
            self._sums.clear()
        name = self._name()
        self.lines.append(f"{name} = {line}")
        return self._wrapped(name, value)

    def _named(self, value: Any) -> str:
        """The name of something that is the same in every call."""
        if isinstance(value, np.ndarray):
            value = value.view()
            value.flags.writeable = False
        name = self._name()
        self.known[name] = value
        return name

    def _name(self) -> str:
        return f"a{next(self._count)}"

    def _arguments(self, args: Any, kwargs: Mapping[str, Any]) -> str:
        named = [f"{key}={self._text(arg)}" for key, arg in kwargs.items()]
        return f"({', '.join([*map(self._text, args), *named])})"

    def _text(self, argument: Any) -> str:
        if isinstance(argument, Traced):
            return argument.name
        if isinstance(argument, (tuple, list)):
            begin, end = "()" if isinstance(argument, tuple) else "[]"
            return begin + "".join(self._text(each) + ", " for each in argument) + end
        return "None" if argument is None else self._named(argument)

    def _wrapped(self, name: str, value: Any) -> Any:
        if isinstance(value, (tuple, list)):
            return tuple(self._wrapped(f"{name}[{i}]", each) for i, each in enumerate(value))
        return Traced(self, name, value)


def _traced(arguments: Iterable[Any]) -> Iterator[Traced]:
    """The traced arrays among arguments, also those in tuples."""
    for each in arguments:
        if isinstance(each, Traced):
            yield each
        elif isinstance(each, (tuple, list)):
            yield from _traced(each)


def _value(argument: Any) -> Any:
    """What a traced array stands for, also in a tuple."""
    if isinstance(argument, (tuple, list)):
        return type(argument)(map(_value, argument))
    return argument.value if isinstance(argument, Traced) else argument


def _typed(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Numbers beside an array as arrays, which NumPy makes of them in each call."""
    dtypes = [a.dtype for a in args if isinstance(a, Traced) and a.ndim and a.dtype.kind == "f"]
    return tuple(_array(a, dtypes[0]) for a in args) if dtypes else args


def _array(number: Any, dtype: np.dtype[Any]) -> Any:
    """Python's numbers take the dtype of what they meet, NumPy's have their own."""
    if type(number) in NUMBERS:
        return np.array(number, dtype)
    return np.asarray(number) if isinstance(number, np.generic) else number


class Traced(NDArrayOperatorsMixin):
    """In the place of a NumPy array: what is done with it is done, and written down."""

    __slots__ = ("name", "trace", "value")
    wce_backend: ClassVar[Backend]
    """Whose arrays these are, for ``wce_core.frameworks.registry``."""

    def __init__(self, trace: Trace, name: str, value: Any) -> None:
        self.trace, self.name, self.value = trace, name, value

    def __getattr__(self, attribute: str) -> Any:
        """Methods are operations; shape, dtype and the like are the same in every call."""
        if attribute.startswith("__"):  # by which NumPy would get at the values
            raise AttributeError(attribute)
        found = getattr(self.value, attribute)
        if callable(found):
            return lambda *args, **kwargs: self.trace.method(self, attribute, args, kwargs)
        if isinstance(found, np.ndarray):
            raise Untraceable(attribute)
        return found

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        if method == "__call__" and ufunc in SIGNS and not kwargs:
            return self.trace.operation(SIGNS[ufunc], ufunc, args)
        if method == "reduce" and kwargs.keys() <= {"axis", "dtype", "keepdims"}:
            return self.trace.reduction(args[0], ufunc, kwargs)
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        return self.trace.call(function, _typed(args), kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        del types
        return self.trace.call(function, args, kwargs)

    def passed_to(self, function: Any) -> Any:
        """The result of a function that asks arrays for nothing."""
        return self.trace.call(function, (self,), {})

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        del args, kwargs
        raise Untraceable("__array__")

    def __bool__(self) -> bool:
        return self.trace.truth(self)

    def __getitem__(self, places: Any) -> Any:
        return self.trace.call(operator.getitem, (self, places), {})

    def __setitem__(self, places: Any, value: Any) -> None:
        self.trace.call(operator.setitem, (self, places, value), {})
