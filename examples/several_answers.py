"""Several answers are right: is it better to say so than to pin one of them?

A parcel may go to any depot within reach of where it is. A hundred examples list the depots within
reach; the network learns to choose one. What counts is how often its choice is within reach at
other places on the map. The code uses PyTorch.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

import common
from results import Measure, Scores
from wce_core import losses

DEPOTS, REACH, GRID = 16, 0.25, 120
WRONG, NONE = (0.9, 0.62, 0.0), (0.8, 0.8, 0.8)
SETTINGS = (
    "one pinned at random",
    "equal shares",
    'any of, rule="marginal"',
    'any of, rule="max"',
    'any of, rule="pinned"',
)
MEASURES = (Measure("within reach"), Measure("depots in use", percent=False))


class City(NamedTuple):
    """Where depots and parcels are, and which depots each parcel may go to."""

    depots: np.ndarray
    parcels: np.ndarray
    allowed: np.ndarray
    pinned: np.ndarray
    """One of those that are allowed, by chance, as somebody who lists one answer does."""


def load(seed: int, count: int = 100) -> City:
    """Depots in the unit square, and parcels that have at least one of them within reach."""
    rng = np.random.default_rng(seed)
    depots = rng.uniform(size=(DEPOTS, 2))
    parcels = rng.uniform(size=(4 * count, 2))
    parcels = parcels[within_reach(parcels, depots).any(axis=1)][:count]
    allowed = within_reach(parcels, depots)
    pinned = np.array([rng.choice(np.flatnonzero(row)) for row in allowed])
    return City(depots, parcels, allowed, pinned)


def within_reach(places: np.ndarray, depots: np.ndarray) -> np.ndarray:
    """(places, depots), True or False."""
    return np.asarray(np.linalg.norm(places[:, None] - depots, axis=-1) < REACH)


def loss_of(setting: str, logits: Tensor, city: City) -> Any:
    """Of one step with all parcels."""
    allowed = torch.from_numpy(city.allowed)
    if setting == "one pinned at random":
        return losses.cross_entropy(logits, torch.from_numpy(city.pinned))
    if setting == "equal shares":
        shares = allowed / allowed.sum(dim=1, keepdim=True)
        return losses.cross_entropy(logits, shares)
    if setting == 'any of, rule="max"':
        return losses.any_of_cross_entropy(logits, allowed, rule="max")
    if setting == 'any of, rule="pinned"':
        return losses.any_of_cross_entropy(logits, allowed, rule="pinned")
    return losses.any_of_cross_entropy(logits, allowed)


def trained(setting: str, seed: int, city: City, steps: int) -> nn.Module:
    """A small network from places to depots."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, DEPOTS))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    places = torch.from_numpy((2 * city.parcels - 1).astype(np.float32))
    for _ in range(steps):
        optimizer.zero_grad()
        loss_of(setting, model(places), city).backward()
        optimizer.step()
    return model


def chosen_on_the_map(model: nn.Module) -> np.ndarray:
    """The depot that the model chooses at each place of a grid."""
    with torch.no_grad():
        places = torch.from_numpy((2 * grid() - 1).astype(np.float32))
        return np.asarray(model(places).argmax(dim=1).numpy())


def grid() -> np.ndarray:
    """The middles of squares that cover the map."""
    side = (np.arange(GRID) + 0.5) / GRID
    return np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)


def painted(chosen: np.ndarray, right: np.ndarray, served: np.ndarray) -> np.ndarray:
    """A region for each choice, orange where it is out of reach, grey where every depot is."""
    depots = chosen.reshape(GRID, GRID)
    image = np.ones((GRID, GRID, 3)) * np.array([0.86, 0.92, 0.97])
    image[~served.reshape(GRID, GRID)] = NONE
    image[(served & ~right).reshape(GRID, GRID)] = WRONG
    edge = np.zeros((GRID, GRID), bool)
    edge[1:] |= depots[1:] != depots[:-1]
    edge[:, 1:] |= depots[:, 1:] != depots[:, :-1]
    image[edge] *= 0.6
    return np.asarray(image)


def draw(run: common.Run, scores: Scores, maps: dict[str, np.ndarray]) -> None:
    """A map for each setting: where its choice is out of reach."""
    figure = common.figure("Any depot within reach is right: where is the choice wrong?", 12, 6.2)
    grid = figure.add_gridspec(2, 4, width_ratios=(1, 1, 1, 0.9))
    city = load(0)
    for i, setting in enumerate(SETTINGS):
        panel = figure.add_subplot(grid[divmod(i, 3)])
        panel.imshow(maps[setting], extent=(0, 1, 0, 1), origin="lower")
        panel.plot(*city.parcels.T, ".", color=common.COLOURS[0], markersize=3)
        panel.plot(*city.depots.T, "^", color=common.COLOURS[2], markersize=8)
        common.styled(panel, setting)
        panel.set_xticks([])
        panel.set_yticks([])
    key = figure.add_subplot(grid[1, 2])
    key.plot([], [], ".", color=common.COLOURS[0], label="an example")
    key.plot([], [], "^", color=common.COLOURS[2], markersize=8, label="a depot")
    key.plot([], [], "s", color=WRONG, markersize=9, label="the choice is out of reach")
    key.plot([], [], "s", color=NONE, markersize=9, label="every depot is")
    key.axis("off")
    key.legend(loc="center left", frameon=False, fontsize=10)
    common.dots(figure.add_subplot(grid[:, 3]), scores, MEASURES[0])
    common.save(
        run, figure, "maps: first seed; small dots: one seed; bars: mean ± standard deviation"
    )


def main() -> None:
    """Train every setting with every seed."""
    run = common.start(__file__, __doc__)
    scores: Scores = {setting: [] for setting in SETTINGS}
    maps: dict[str, np.ndarray] = {}
    for seed, setting in common.trainings(run, SETTINGS):
        city = load(seed)
        chosen = chosen_on_the_map(trained(setting, seed, city, 50 if run.quick else 300))
        reach = within_reach(grid(), city.depots)
        right = reach[np.arange(len(chosen)), chosen]
        served = np.asarray(reach.any(axis=1))  # nothing is right where no depot is within reach
        used = float(np.unique(chosen).size)
        scores[setting].append({"within reach": float(right[served].mean()), "depots in use": used})
        maps.setdefault(setting, painted(chosen, right, served))
    draw(run, scores, maps)
    common.conclude(run, scores, MEASURES, ["torch"])


if __name__ == "__main__":
    main()
