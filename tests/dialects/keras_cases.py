"""Calls of losses that every backend of Keras computes alike: lists, read in two processes."""

P = [[0.05, 0.85, 0.1], [0.2, 0.7, 0.1], [0.5, 0.25, 0.25]]
ROWS = [[0.0, 1.0, 0.0], [0.25, 0.25, 0.5], [1.0, 0.0, 0.0]]
Z = [[1.0, -2.0, 0.5], [0.0, 3.0, -1.0], [2.0, 2.0, 2.0]]
LABELS = [1, 0, 2]

CASES = [
    ("binary_crossentropy", (ROWS, P), {}),
    ("binary_crossentropy", (ROWS, Z), {"from_logits": True, "label_smoothing": 0.2}),
    ("categorical_crossentropy", (ROWS, P), {"label_smoothing": 0.1}),
    ("categorical_crossentropy", (ROWS, Z), {"from_logits": True}),
    ("sparse_categorical_crossentropy", (LABELS, P), {}),
    ("sparse_categorical_crossentropy", (LABELS, Z), {"from_logits": True, "ignore_class": 0}),
]
