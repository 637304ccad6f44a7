"""A model of many words: does it learn the same without an array of all its logits?

A small GPT reads the manual that comes with Python, word by word. Its logits, words × vocabulary,
are the largest array of a step. ``linear_cross_entropy`` computes the loss from the last hidden
states and the layer's weight, a chunk of logits at a time. Memory is what a step adds to a fresh
process. Both settings start from the same model and see the same text. The code uses PyTorch.
"""

from __future__ import annotations

import re
import resource
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pydoc_data.topics import topics
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  # as everyone names it

import common
from results import Measure, Scores
from wce_core.torch import LinearCrossEntropyLoss

LENGTH, WIDTH, HEADS, LAYERS = 64, 64, 4, 2
ALL, CHUNKS = "F.cross_entropy of all logits", "linear_cross_entropy"
SETTINGS = (ALL, CHUNKS)
MEASURES = (Measure("log-loss of unseen text", higher=False, percent=False, digits=4),)
STEP = 64
"""Rows of text in the step whose memory is measured."""


def text() -> tuple[torch.Tensor, int]:
    """The manual as numbers of words, marks and spaces, and how many different ones there are."""
    found = re.findall(r"\w+|\W", "\n".join(topics[name] for name in sorted(topics)))
    number = {word: i for i, word in enumerate(sorted(set(found)))}
    return torch.tensor([number[word] for word in found]), len(number)


class Block(torch.nn.Module):
    """Attention to what came before, and a layer for each word."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.second = torch.nn.LayerNorm(WIDTH), torch.nn.LayerNorm(WIDTH)
        self.asked, self.found = torch.nn.Linear(WIDTH, 3 * WIDTH), torch.nn.Linear(WIDTH, WIDTH)
        wide = torch.nn.Linear(WIDTH, 4 * WIDTH), torch.nn.Linear(4 * WIDTH, WIDTH)
        self.layer = torch.nn.Sequential(wide[0], torch.nn.GELU(), wide[1])

    def forward(self, x: torch.Tensor) -> Any:
        """Of rows of hidden states, the next ones."""
        rows, length, _ = x.shape
        asked = self.asked(self.norm(x)).view(rows, length, 3, HEADS, WIDTH // HEADS)
        query, key, value = asked.permute(2, 0, 3, 1, 4)
        met = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.found(met.transpose(1, 2).reshape(rows, length, WIDTH))
        return x + self.layer(self.second(x))


class Gpt(torch.nn.Module):
    """Hidden states of each word; the layer of words is also the last one, as in GPT-2."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.words = torch.nn.Embedding(vocabulary, WIDTH)
        self.places = torch.nn.Embedding(LENGTH, WIDTH)
        torch.nn.init.normal_(self.words.weight, std=0.02)
        self.blocks = torch.nn.Sequential(*(Block() for _ in range(LAYERS)))
        self.norm = torch.nn.LayerNorm(WIDTH)

    def forward(self, words: torch.Tensor) -> Any:
        """Of rows of words."""
        x = self.words(words) + self.places.weight[: words.shape[1]]
        return self.norm(self.blocks(x))


def loss_of(setting: str, model: Gpt, rows: torch.Tensor) -> Any:
    """The mean log-loss of each next word."""
    hidden, layer, following = model(rows[:, :-1]), model.words.weight, rows[:, 1:]
    if setting == ALL:
        return F.cross_entropy((hidden @ layer.T).flatten(0, 1), following.flatten())
    return LinearCrossEntropyLoss()(hidden, layer, following)


def rows_of(words: torch.Tensor, count: int, generator: torch.Generator) -> torch.Tensor:
    """Pieces of the text, each with one word more than the model reads."""
    starts = torch.randint(len(words) - LENGTH, (count, 1), generator=generator)
    return words[starts + torch.arange(LENGTH + 1)]


def trained(setting: str, seed: int, steps: int) -> tuple[float, list[float]]:
    """The log-loss of the last tenth of the text, and that of each step."""
    words, vocabulary = text()
    kept = len(words) * 9 // 10
    torch.manual_seed(seed)
    model, generator = Gpt(vocabulary), torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    curve = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_of(setting, model, rows_of(words[:kept], 16, generator))
        loss.backward()
        optimizer.step()
        curve.append(loss.item())
    unseen = rows_of(words[kept:], 128, torch.Generator().manual_seed(0))
    with torch.no_grad():
        return loss_of(ALL, model, unseen).item(), curve


def memory(setting: str) -> float:
    """MB that a step adds to the most that this process has held."""
    words, vocabulary = text()
    model, generator = Gpt(vocabulary), torch.Generator().manual_seed(0)
    loss_of(setting, model, rows_of(words, 1, generator)).backward()
    before = _most()
    loss_of(setting, model, rows_of(words, STEP, generator)).backward()
    return _most() - before


def _most() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def memories() -> dict[str, float]:
    """MB of a step with each setting, in a process of its own while this one is still small."""
    alone: Any = {"max_workers": 1, "max_tasks_per_child": 1, "mp_context": get_context("spawn")}
    with ProcessPoolExecutor(**alone) as fresh:
        return dict(zip(SETTINGS, fresh.map(memory, SETTINGS), strict=True))


def draw(run: common.Run, curves: dict[str, list[Sequence[float]]], held: dict[str, float]) -> None:
    """Two curves that are one, and what a step takes."""
    figure = common.figure("A small GPT, with an array of all logits and without")
    learning, taken = figure.subplots(1, 2, width_ratios=(1.6, 1))
    for setting, colour, width, style in (
        (ALL, common.COLOURS[1], 5.0, "-"),
        (CHUNKS, common.COLOURS[2], 1.8, ":"),
    ):
        found = np.asarray(curves[setting])
        line = {"color": colour, "linestyle": style, "linewidth": width, "label": setting}
        common.band(learning, np.arange(1, found.shape[1] + 1), found, **line)
        taken.barh(setting, held[setting], color=colour, height=0.5)
        taken.text(held[setting], setting, f"  {held[setting]:.0f}", va="center", fontsize=9)
    learning.legend(frameon=False, fontsize=9)
    common.styled(learning, "Log-loss while it learns: less is better", "step")
    common.styled(taken, "Memory of a step, MB: less is better")
    taken.margins(x=0.15)
    taken.invert_yaxis()
    common.save(run, figure, "mean ± standard deviation")


def main() -> None:
    """Train with both losses and every seed."""
    run = common.start(__file__, __doc__)
    held = memories()
    scores: Scores = {setting: [] for setting in SETTINGS}
    curves: dict[str, list[Sequence[float]]] = {setting: [] for setting in SETTINGS}
    for seed, setting in common.trainings(run, SETTINGS):
        unseen, curve = trained(setting, seed, 4 if run.quick else 200)
        curves[setting].append(curve)
        scores[setting].append({MEASURES[0].name: unseen})
    draw(run, curves, held)
    common.conclude(run, scores, MEASURES, ["torch"], [note(curves, held)])


def note(curves: dict[str, list[Sequence[float]]], held: dict[str, float]) -> str:
    """How far apart the two ever were, and what the memory is made of."""
    apart = np.abs(np.subtract(curves[ALL], curves[CHUNKS])).max()
    words, vocabulary = text()
    logits = STEP * LENGTH * vocabulary * 4 / 1e6
    return (
        f"AdamW makes much of last digits: at most {apart:.1g} lay between the two losses of a "
        "step. The manual has "
        f"{len(words):,} words and marks, {vocabulary:,} different ones. A step of "
        f"{STEP * LENGTH:,} of them has {logits:.0f} MB of logits; it takes {held[ALL]:.0f} MB "
        f"with them and {held[CHUNKS]:.0f} MB without."
    )


if __name__ == "__main__":
    main()
