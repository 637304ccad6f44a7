"""``explain``: what the weights of one batch do to it."""

from .explain import explain
from .result import ClassShare, Explanation

__all__ = ["ClassShare", "Explanation", "explain"]
