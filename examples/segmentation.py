"""Few pixels are positive: which loss finds the galaxies in a noisy image?

The image is the Hubble deep field that comes with scikit-image. A pixel is positive where the image
is bright. The network sees the image with noise added. It learns from the left half to find the
positive pixels in the right half, of which it has seen nothing. The code uses PyTorch.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from skimage import data
from torch import nn

import common
from results import Measure, Scores
from wce_core import losses
from wce_core.class_weights import class_weights

TILE, TILES = 64, 4
PIECE = (330, 490), (150, 310)
SETTINGS = ("BCE", "BCE, class weights", "Dice", "½ BCE + ½ Dice", "Lovász hinge")
MEASURES = (Measure("IoU at ½"), Measure("recall"), Measure("precision"))


class Sky(NamedTuple):
    """One half of the image: with noise, (H, W), and where it is bright."""

    seen: np.ndarray
    bright: np.ndarray


@functools.lru_cache(maxsize=1)
def load(seed: int) -> tuple[Sky, Sky]:
    """The left half and the right half, with noise of that seed."""
    image: Any = data.hubble_deep_field  # which has no types
    light = image().astype(np.float32).mean(axis=-1) / 255
    bright = gaussian_filter(light, 1.0) > 0.25
    noise = np.random.default_rng(seed).normal(scale=0.2, size=light.shape)
    seen = (light + noise).astype(np.float32)
    middle = light.shape[1] // 2
    left, right = slice(None, middle), slice(middle, None)
    return Sky(seen[:, left], bright[:, left]), Sky(seen[:, right], bright[:, right])


def loss_of(setting: str, sky: Sky) -> Any:
    """Of all pixels of a batch together; class weights from all pixels to learn from."""
    cross_entropy, dice = losses.BinaryCrossEntropy(), losses.BinaryDiceLoss(per="batch")
    if setting == "BCE, class weights":
        return losses.BinaryCrossEntropy(class_weight=class_weights(sky.bright, kind="index"))
    if setting == "½ BCE + ½ Dice":
        return losses.combine((0.5, cross_entropy), (0.5, dice))
    if setting == "Lovász hinge":
        return losses.LovaszHingeLoss(per="batch")
    return dice if setting == "Dice" else cross_entropy


def network() -> nn.Module:
    """Convolutions that see 15 × 15 pixels."""
    dilations = ((1, 1), (8, 2), (8, 4))
    layers = [nn.Conv2d(c, 8, 3, padding=d, dilation=d) for c, d in dilations]
    rectified = [each for layer in layers for each in (layer, nn.ReLU())]
    return nn.Sequential(*rectified, nn.Conv2d(8, 1, 1))


def trained(loss: Any, sky: Sky, seed: int, steps: int) -> nn.Module:
    """From tiles at random places."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        corners = rng.integers(np.array(sky.seen.shape) - TILE, size=(TILES, 2)).tolist()
        cuts = [(slice(a, a + TILE), slice(b, b + TILE)) for a, b in corners]
        seen, bright = (torch.from_numpy(np.stack([half[cut] for cut in cuts])) for half in sky)
        optimizer.zero_grad()
        loss(model(seen[:, None])[:, 0], bright.float()).backward()
        optimizer.step()
    return model


def found_by(model: nn.Module, sky: Sky) -> np.ndarray:
    """The pixels that the network calls bright."""
    with torch.no_grad():
        return np.asarray(model(torch.from_numpy(sky.seen)[None, None])[0, 0].numpy() > 0)


def judged(found: np.ndarray, bright: np.ndarray) -> dict[str, float]:
    """Over all pixels of the half that was not trained on."""
    both = (found & bright).sum()
    numbers = (
        both / (found | bright).sum(),
        both / bright.sum(),
        both / max(found.sum(), 1),
    )
    return {m.name: float(number) for m, number in zip(MEASURES, numbers, strict=True)}


def lost(scores: Scores) -> list[str]:
    """Which losses left a network that calls hardly any pixel bright."""
    return [
        f"“{name}” found less than a hundredth of the bright pixels in {few} of {len(each)} seeds."
        for name, each in scores.items()
        if (few := sum(one["recall"] < 0.01 for one in each))
    ]


def painted(found: np.ndarray, bright: np.ndarray) -> np.ndarray:
    """White: found; orange: missed; blue: called bright and are not."""
    colours = np.array([[(0.0, 0.0, 0.0), (0.9, 0.62, 0.0)], [(0.34, 0.71, 0.91), (1.0, 1.0, 1.0)]])
    return np.asarray(colours[found.astype(int), bright.astype(int)])


def draw(run: common.Run, scores: Scores, sky: Sky, found: dict[str, np.ndarray]) -> None:
    """The same piece of sky by every loss."""
    figure = common.figure("Galaxies in noise: what does each loss find?", 12, 6)
    grid = figure.add_gridspec(2, 4, width_ratios=(1, 1, 1, 1.2))
    cut = slice(*PIECE[0]), slice(*PIECE[1])
    pieces = {"what the network sees": sky.seen[cut]}
    pieces |= {name: painted(found[name][cut], sky.bright[cut]) for name in found}
    for i, (name, piece) in enumerate(pieces.items()):
        panel = figure.add_subplot(grid[divmod(i, 3)])
        panel.imshow(piece, cmap="gray", vmin=0, vmax=1)
        common.styled(panel, name)
        panel.grid(visible=False)
        panel.set_xticks([])
        panel.set_yticks([])
    common.dots(figure.add_subplot(grid[:, 3]), scores, MEASURES[0])
    colours = "white: found; orange: missed; blue: wrongly called bright; first seed"
    common.save(run, figure, f"{colours}.  Bars: mean ± standard deviation")


def main() -> None:
    """Train with every loss and every seed."""
    run = common.start(__file__, __doc__)
    scores: Scores = {setting: [] for setting in SETTINGS}
    first: dict[str, np.ndarray] = {}
    for seed, setting in common.trainings(run, SETTINGS):
        learned, unseen = load(seed)
        model = trained(loss_of(setting, learned), learned, seed, 20 if run.quick else 150)
        found = found_by(model, unseen)
        scores[setting].append(judged(found, unseen.bright))
        first.setdefault(setting, found)
    draw(run, scores, load(0)[1], first)
    common.conclude(run, scores, MEASURES, ["torch", "scikit-image"], lost(scores))


if __name__ == "__main__":
    main()
