"""TensorFlow as a namespace of the Python array API standard, as far as the losses use it.

Everything works on eager tensors, on symbolic tensors of known rank, and under XLA. A size may
be a scalar tensor. Functions take variables too, and have the derivatives of TensorFlow except
that gathers give dense gradients, and that the slopes of pow are 0 at 0 to the 0. At ties
maximum and minimum give the whole gradient to the first operand, max and min share it equally,
and abs and sign give 0; floor and round give none. An unconnected gradient is None.
"""

# ruff: noqa: A001, A004, RUF022  (the names are the standard's; their list is kept short)

from __future__ import annotations

import math

from wce_backends.tensorflow._creation import (
    arange,
    asarray,
    full,
    full_like,
    ones,
    ones_like,
    zeros,
    zeros_like,
)
from wce_backends.tensorflow._dtypes import (
    astype,
    can_cast,
    finfo,
    iinfo,
    isdtype,
    result_type,
    tf,
)
from wce_backends.tensorflow._elementwise import (
    abs,
    add,
    clip,
    divide,
    equal,
    exp,
    expm1,
    floor,
    greater,
    greater_equal,
    isfinite,
    isinf,
    isnan,
    less,
    less_equal,
    log,
    log1p,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    maximum,
    minimum,
    multiply,
    negative,
    not_equal,
    positive,
    pow,
    round,
    sign,
    sqrt,
    square,
    subtract,
    where,
)
from wce_backends.tensorflow._manipulation import (
    broadcast_arrays,
    broadcast_to,
    concat,
    expand_dims,
    flip,
    matmul,
    moveaxis,
    permute_dims,
    reshape,
    squeeze,
    stack,
    take,
    take_along_axis,
    unstack,
)
from wce_backends.tensorflow._reductions import (
    all,
    any,
    argmax,
    argmin,
    count_nonzero,
    max,
    mean,
    min,
    prod,
    sum,
)

# fmt: off
__all__ = [
    "abs", "add", "all", "any", "arange", "argmax", "argmin", "asarray", "astype", "bfloat16",
    "bool", "broadcast_arrays", "broadcast_to", "can_cast", "clip", "concat", "count_nonzero",
    "divide", "e", "equal", "exp", "expand_dims", "expm1", "finfo", "flip", "float16",
    "float32", "float64", "floor", "full", "full_like", "greater", "greater_equal", "iinfo",
    "inf", "int16", "int32", "int64", "int8", "isdtype", "isfinite", "isinf", "isnan", "less",
    "less_equal", "log", "log1p", "logical_and", "logical_not", "logical_or", "logical_xor",
    "matmul", "max", "maximum", "mean", "min", "minimum", "moveaxis", "multiply", "nan",
    "negative", "newaxis", "not_equal", "ones", "ones_like", "permute_dims", "pi", "positive",
    "pow", "prod", "reshape", "result_type", "round", "sign", "sqrt", "square", "squeeze",
    "stack", "unstack", "subtract", "sum", "take", "take_along_axis", "uint16", "uint32", "uint64",
    "uint8", "where", "zeros", "zeros_like",
]
# fmt: on

__array_api_version__ = "2024.12"

e = math.e
pi = math.pi
inf = math.inf
nan = math.nan
newaxis = None

bool = tf.bool
int8 = tf.int8
int16 = tf.int16
int32 = tf.int32
int64 = tf.int64
uint8 = tf.uint8
uint16 = tf.uint16
uint32 = tf.uint32
uint64 = tf.uint64
float16 = tf.float16
bfloat16 = tf.bfloat16
float32 = tf.float32
float64 = tf.float64
