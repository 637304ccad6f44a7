"""Links: how predictions become log-probabilities. One registry per family, keyed by ``form``."""

from collections.abc import Callable

from ..types import Form
from .base import BinaryLink, BinaryRows, CategoricalLink, CategoricalRows, Link, Rows
from .log_probabilities import BinaryLogProbabilities, CategoricalLogProbabilities
from .probabilities import BinaryProbabilities, CategoricalProbabilities
from .sigmoid import Sigmoid
from .softmax import Softmax

CATEGORICAL_LINKS: dict[Form, Callable[[float | None], CategoricalLink]] = {
    "logits": lambda clip: Softmax(),
    "probabilities": CategoricalProbabilities,
    "log_probabilities": lambda clip: CategoricalLogProbabilities(),
}
BINARY_LINKS: dict[Form, Callable[[float | None], BinaryLink]] = {
    "logits": lambda clip: Sigmoid(),
    "probabilities": BinaryProbabilities,
    "log_probabilities": lambda clip: BinaryLogProbabilities(),
}

__all__ = [
    "BINARY_LINKS",
    "CATEGORICAL_LINKS",
    "BinaryLink",
    "BinaryRows",
    "CategoricalLink",
    "CategoricalRows",
    "Link",
    "Rows",
]
