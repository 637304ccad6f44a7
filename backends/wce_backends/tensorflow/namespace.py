"""TensorFlow as a namespace of the Python array API standard, as far as the losses use it.

Everything works on eager tensors, on symbolic tensors of known rank, and under XLA. A size may
be a scalar tensor. Functions take variables too, and have the derivatives of TensorFlow except
that gathers give dense gradients, and that the slopes of pow are 0 at 0 to the 0. At ties
maximum and minimum give the whole gradient to the first operand, max and min share it equally,
and abs and sign give 0; floor and round give none. An unconnected gradient is None.
"""

from __future__ import annotations

import math

from wce_backends.tensorflow._creation import (
    arange as arange,
)
from wce_backends.tensorflow._creation import (
    asarray as asarray,
)
from wce_backends.tensorflow._creation import (
    full as full,
)
from wce_backends.tensorflow._creation import (
    full_like as full_like,
)
from wce_backends.tensorflow._creation import (
    ones as ones,
)
from wce_backends.tensorflow._creation import (
    ones_like as ones_like,
)
from wce_backends.tensorflow._creation import (
    zeros as zeros,
)
from wce_backends.tensorflow._creation import (
    zeros_like as zeros_like,
)
from wce_backends.tensorflow._dtypes import (
    astype as astype,
)
from wce_backends.tensorflow._dtypes import (
    can_cast as can_cast,
)
from wce_backends.tensorflow._dtypes import (
    finfo as finfo,
)
from wce_backends.tensorflow._dtypes import (
    iinfo as iinfo,
)
from wce_backends.tensorflow._dtypes import (
    isdtype as isdtype,
)
from wce_backends.tensorflow._dtypes import (
    result_type as result_type,
)
from wce_backends.tensorflow._dtypes import (
    tf,
)
from wce_backends.tensorflow._elementwise import (
    abs as abs,
)
from wce_backends.tensorflow._elementwise import (
    add as add,
)
from wce_backends.tensorflow._elementwise import (
    clip as clip,
)
from wce_backends.tensorflow._elementwise import (
    divide as divide,
)
from wce_backends.tensorflow._elementwise import (
    equal as equal,
)
from wce_backends.tensorflow._elementwise import (
    exp as exp,
)
from wce_backends.tensorflow._elementwise import (
    expm1 as expm1,
)
from wce_backends.tensorflow._elementwise import (
    floor as floor,
)
from wce_backends.tensorflow._elementwise import (
    greater as greater,
)
from wce_backends.tensorflow._elementwise import (
    greater_equal as greater_equal,
)
from wce_backends.tensorflow._elementwise import (
    isfinite as isfinite,
)
from wce_backends.tensorflow._elementwise import (
    isinf as isinf,
)
from wce_backends.tensorflow._elementwise import (
    isnan as isnan,
)
from wce_backends.tensorflow._elementwise import (
    less as less,
)
from wce_backends.tensorflow._elementwise import (
    less_equal as less_equal,
)
from wce_backends.tensorflow._elementwise import (
    log as log,
)
from wce_backends.tensorflow._elementwise import (
    log1p as log1p,
)
from wce_backends.tensorflow._elementwise import (
    logical_and as logical_and,
)
from wce_backends.tensorflow._elementwise import (
    logical_not as logical_not,
)
from wce_backends.tensorflow._elementwise import (
    logical_or as logical_or,
)
from wce_backends.tensorflow._elementwise import (
    logical_xor as logical_xor,
)
from wce_backends.tensorflow._elementwise import (
    maximum as maximum,
)
from wce_backends.tensorflow._elementwise import (
    minimum as minimum,
)
from wce_backends.tensorflow._elementwise import (
    multiply as multiply,
)
from wce_backends.tensorflow._elementwise import (
    negative as negative,
)
from wce_backends.tensorflow._elementwise import (
    not_equal as not_equal,
)
from wce_backends.tensorflow._elementwise import (
    positive as positive,
)
from wce_backends.tensorflow._elementwise import (
    pow as pow,
)
from wce_backends.tensorflow._elementwise import (
    round as round,
)
from wce_backends.tensorflow._elementwise import (
    sign as sign,
)
from wce_backends.tensorflow._elementwise import (
    sqrt as sqrt,
)
from wce_backends.tensorflow._elementwise import (
    square as square,
)
from wce_backends.tensorflow._elementwise import (
    subtract as subtract,
)
from wce_backends.tensorflow._elementwise import (
    where as where,
)
from wce_backends.tensorflow._manipulation import (
    broadcast_arrays as broadcast_arrays,
)
from wce_backends.tensorflow._manipulation import (
    broadcast_to as broadcast_to,
)
from wce_backends.tensorflow._manipulation import (
    concat as concat,
)
from wce_backends.tensorflow._manipulation import (
    expand_dims as expand_dims,
)
from wce_backends.tensorflow._manipulation import (
    flip as flip,
)
from wce_backends.tensorflow._manipulation import (
    matmul as matmul,
)
from wce_backends.tensorflow._manipulation import (
    moveaxis as moveaxis,
)
from wce_backends.tensorflow._manipulation import (
    permute_dims as permute_dims,
)
from wce_backends.tensorflow._manipulation import (
    reshape as reshape,
)
from wce_backends.tensorflow._manipulation import (
    squeeze as squeeze,
)
from wce_backends.tensorflow._manipulation import (
    stack as stack,
)
from wce_backends.tensorflow._manipulation import (
    take as take,
)
from wce_backends.tensorflow._manipulation import (
    take_along_axis as take_along_axis,
)
from wce_backends.tensorflow._reductions import (
    all as all,
)
from wce_backends.tensorflow._reductions import (
    any as any,
)
from wce_backends.tensorflow._reductions import (
    argmax as argmax,
)
from wce_backends.tensorflow._reductions import (
    argmin as argmin,
)
from wce_backends.tensorflow._reductions import (
    count_nonzero as count_nonzero,
)
from wce_backends.tensorflow._reductions import (
    max as max,
)
from wce_backends.tensorflow._reductions import (
    mean as mean,
)
from wce_backends.tensorflow._reductions import (
    min as min,
)
from wce_backends.tensorflow._reductions import (
    prod as prod,
)
from wce_backends.tensorflow._reductions import (
    sum as sum,
)

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
