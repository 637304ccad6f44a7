"""``explain``: what the weights of one batch do to it."""

from .explain import explain
from .result import ClassShare, Explanation
from .suggestion import Suggestion

__all__ = ["ClassShare", "Explanation", "Suggestion", "explain"]
