"""Few pixels are positive: which loss finds the galaxies in a noisy image?

The Hubble deep field that scikit-image ships. A pixel is positive where the image is bright; the
network sees the image with noise added, and learns from the left half to find these pixels in the
right half, of which it has seen nothing. PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from skimage.data import hubble_deep_field
from torch import Tensor, nn

import common
from results import Measure, Scores
from wce_core import losses
from wce_core.class_weights import class_weights

TILE, TILES = 64, 8
MEASURES = (Measure("IoU at ½"), Measure("recall"), Measure("precision"))
Loss = Callable[[Tensor, Tensor], Tensor]


class Sky(NamedTuple):
    """One half of the image: with noise, (H, W), and where it is bright."""

    seen: np.ndarray
    bright: np.ndarray


def load(seed: int) -> tuple[Sky, Sky]:
    """The left half and the right half, with noise of that seed."""
    light = hubble_deep_field().astype(np.float32).mean(axis=-1) / 255
    bright = gaussian_filter(light, 1.0) > 0.25
    noise = np.random.default_rng(seed).normal(scale=0.2, size=light.shape)
    seen = (light + noise).astype(np.float32)
    middle = light.shape[1] // 2
    left, right = slice(None, middle), slice(middle, None)
    return Sky(seen[:, left], bright[:, left]), Sky(seen[:, right], bright[:, right])


def losses_of(sky: Sky) -> dict[str, Loss]:
    """By name; weights from all pixels to learn from."""
    weights = class_weights(sky.bright)
    cross_entropy = losses.BinaryCrossEntropy()

    def dice(z: Tensor, y: Tensor) -> Tensor:
        return losses.binary_dice_loss(z, y, per="batch")

    return {
        "BCE": cross_entropy,
        "BCE, class weights": losses.BinaryCrossEntropy(class_weight=weights),
        "Dice": dice,
        "½ BCE + ½ Dice": lambda z, y: 0.5 * cross_entropy(z, y) + 0.5 * dice(z, y),
        "Lovász": lambda z, y: losses.binary_lovasz_loss(z, y, per="batch"),
    }


SETTINGS = ("BCE", "BCE, class weights", "Dice", "½ BCE + ½ Dice", "Lovász")


def network() -> nn.Module:
    """Four convolutions that see 15 × 15 pixels."""
    return nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(12, 12, 3, padding=2, dilation=2),
        nn.ReLU(),
        nn.Conv2d(12, 12, 3, padding=4, dilation=4),
        nn.ReLU(),
        nn.Conv2d(12, 1, 1),
    )


def trained(loss: Loss, sky: Sky, seed: int, steps: int) -> nn.Module:
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


def painted(found: np.ndarray, bright: np.ndarray) -> np.ndarray:
    """White: found; orange: missed; blue: called bright and are not."""
    colours = {(True, True): "#ffffff", (False, True): "#E69F00", (True, False): "#56B4E9"}
    image = np.zeros((*found.shape, 3))
    for (called, true), colour in colours.items():
        rgb = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        image[(found == called) & (bright == true)] = rgb
    return image


def draw(run: common.Run, scores: Scores, sky: Sky, found: dict[str, np.ndarray]) -> None:
    """The same piece of sky by every loss."""
    figure = common.figure(
        "One pixel in thirty is a galaxy: what does each loss find in the noise?", 11, 7
    )
    axes = figure.subplots(2, 4).flat
    cut = slice(330, 530), slice(150, 350)
    next(axes).imshow(sky.seen[cut], cmap="gray", vmin=0, vmax=1)
    for name in found:
        next(axes).imshow(painted(found[name][cut], sky.bright[cut]))
    common.save(run, figure)


def main() -> None:
    """Train with every loss and every seed."""
    run = common.start(__file__, __doc__)
    scores: Scores = {setting: [] for setting in SETTINGS}
    first: dict[str, np.ndarray] = {}
    for seed, setting in common.trainings(run, SETTINGS):
        learned, unseen = load(seed)
        model = trained(losses_of(learned)[setting], learned, seed, 60 if run.quick else 300)
        found = found_by(model, unseen)
        scores[setting].append(judged(found, unseen.bright))
        first.setdefault(setting, found)
    common.conclude(run, scores, MEASURES, ["torch", "scikit-image"])
    draw(run, scores, load(0)[1], first)


if __name__ == "__main__":
    main()
