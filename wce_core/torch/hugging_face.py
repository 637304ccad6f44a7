"""Losses for the Trainer of Hugging Face transformers, which this module does not import.

A Trainer accumulates gradients over micro-batches, each of which has to be divided by what all of
them together are divided by. What it knows of them is how many labels there are.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from wce_core.losses.configured import Configured
from wce_core.losses.denominators import effective_weight

from .module import ItemLoss, Loss

IGNORED = -100
"""The label that transformers leaves out."""
SHARED = {"tensor": "get_tp_size", "context": "get_cp_size", "sequence": "get_sp_size"}
"""By what kind of parallel processes, the method of Trainer that tells their number."""
ENGINES = {"DEEPSPEED": "DeepSpeed", "MEGATRON_LM": "Megatron-LM"}
"""By accelerate's name, those that divide gradients or the loss in ways of their own."""
HALF = (torch.float16, torch.bfloat16)


class Terms(NamedTuple):
    """What a loss is computed of."""

    targets: Tensor
    mask: Tensor
    sample_weight: Tensor | None


class ComputeLoss:
    """A loss as ``compute_loss_func`` of ``transformers.Trainer``.

    The sum of the losses of each micro-batch is divided by ``num_items_in_batch``, the number of
    labels other than −100 of all micro-batches of a step, on all devices. So losses and gradients
    are the same for any number of accumulation steps. That is ``reduction="mean"``, in which class
    weights multiply and are not divided by. What divides by weights needs to know more than Trainer
    does: see :class:`WeightedLossTrainer`.

    Parameters
    ----------
    loss
        A module or a configured loss of items, with ``reduction="mean"``, or ``"sum"``, which is
        not divided. Its ``axis`` is that of classes in the model's logits, −1 of language models.
    shift_labels
        True: a token's logits are for the label that follows it, as in causal language models. The
        first label of each row has to be −100: there are no logits for it, and by what Trainer
        knows of the model it may count it or not.

    Raises
    ------
    TypeError
        For what is no loss of items.
    ValueError
        For another reduction, for another ``ignore_index`` than −100, which Trainer would count,
        and, called, for a first label that it may count.

    Examples
    --------
    >>> import torch
    >>> from wce_core.torch import ComputeLoss, CrossEntropyLoss
    >>> compute = ComputeLoss(CrossEntropyLoss(axis=-1), shift_labels=True)
    >>> labels = torch.tensor([[-100, 1, -100], [-100, 0, 1]])
    >>> compute({"logits": torch.zeros(2, 3, 2)}, labels, num_items_in_batch=6)
    tensor(0.3466)

    As in ``Trainer(model, args, train_dataset=data, compute_loss_func=compute)``.

    """

    def __init__(self, loss: ItemLoss | Configured[Any], *, shift_labels: bool = False) -> None:
        self.loss, self.shift_labels = _of_items(loss), shift_labels
        reduction, ignored = (self.loss._options.get(n) for n in ("reduction", "ignore_index"))
        if reduction not in ("mean", "sum"):
            raise ValueError(
                f"reduction={reduction!r}, but Trainer counts labels and no weights; expected "
                "'mean' or 'sum', or a Trainer that is a wce_core.torch.WeightedLossTrainer, too"
            )
        if ignored not in (None, IGNORED):
            raise ValueError(
                f"ignore_index={ignored}, but Trainer counts all labels other than {IGNORED}; "
                f"use {IGNORED} in labels"
            )

    def __call__(
        self, outputs: Any, labels: Tensor, num_items_in_batch: Tensor | int | None = None
    ) -> Tensor:
        """The share of a micro-batch in the loss of a step; its own loss without a number."""
        if self.shift_labels and bool((labels[..., 0] != IGNORED).any()):
            raise ValueError(
                "the first label of a row has no logits, and Trainer may count it; set it to "
                f"{IGNORED}, or use a wce_core.torch.WeightedLossTrainer, which counts by itself"
            )
        whole = num_items_in_batch if self.loss._options["reduction"] == "mean" else None
        return share(self.loss, outputs, terms(labels, shift_labels=self.shift_labels), whole)


class WeightedLossTrainer:
    """A base, before ``transformers.Trainer``, of a Trainer with any loss of items.

        class WeightedTrainer(wce_core.torch.WeightedLossTrainer, transformers.Trainer):
            pass

    Before the first of the micro-batches of a step it adds up, over all of them and all processes,
    what ``loss`` divides by: Σω for ``"weighted_mean"``. So losses and gradients are the same for
    any number of accumulation steps and processes, with weights of classes and of tokens.
    Evaluation reduces each batch by itself, and Trainer takes the mean over batches.

    Parameters
    ----------
    *args, **kwargs
        Those of Trainer, without ``compute_loss_func``.
    loss
        A module or a configured loss of items. Its ``axis`` is that of classes in the logits.
    shift_labels
        True: a token's logits are for the label that follows it. So are its weights.
    sample_weight
        The name of the model's input that has weights of tokens or items, in the shape of labels
        or a prefix of it. It is not passed to the model. ``remove_unused_columns=False`` of
        ``TrainingArguments`` keeps it in the batch.

    Raises
    ------
    TypeError
        For what is no loss of items.
    ValueError
        For ``"none"`` and ``"parts"``, for a ``cost_matrix`` where ω counts, for a
        ``compute_loss_func``, for tensor, context and sequence parallel processes, which share
        items, for DeepSpeed and Megatron-LM, which divide in ways of their own, and for batches
        without labels or the named weights.

    """

    loss_is_scaled_for_ga: bool | None = True
    accelerator: Any

    def __init__(
        self,
        *args: Any,
        loss: ItemLoss | Configured[Any],
        shift_labels: bool = False,
        sample_weight: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.weighted_loss = _of_items(loss)
        self.shift_labels, self.sample_weight = shift_labels, sample_weight
        reduction = self.weighted_loss._options["reduction"]
        if reduction in ("none", "parts"):
            raise ValueError(f"reduction={reduction!r} gives no number to train on")
        if kwargs.get("compute_loss_func") is not None:
            raise ValueError("both loss and compute_loss_func; pass one of them")
        super().__init__(*args, **kwargs)
        _check_each_process_has_items_of_its_own(self)
        _check_gradients_are_averaged(self)

    def get_batch_samples(
        self, epoch_iterator: Any, num_batches: int, device: torch.device
    ) -> tuple[list[Any], Tensor | None]:
        """The micro-batches of a step, and what their loss is divided by."""
        above: Any = super()
        batches, _ = above.get_batch_samples(epoch_iterator, num_batches, device)
        self.weighted_loss.to(device)
        if self.weighted_loss._options["reduction"] == "sum":
            return batches, None
        nothing = torch.zeros((), device=device, dtype=torch.float64)
        weights = [self._weight(batch, device) for batch in batches]
        whole = torch.stack([nothing, *weights]).sum()
        if self.accelerator.num_processes > 1:
            whole = self.accelerator.gather(whole.reshape(1)).sum()
        return batches, whole

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """The share of a micro-batch in the loss of a step; evaluated, that of a batch."""
        own = dict(inputs)
        found = self._terms(own)
        outputs = model(**own)
        whole = num_items_in_batch if model.training else None
        loss = share(self.weighted_loss, outputs, found, whole)
        if model.training:
            loss = loss * self.accelerator.num_processes  # over which gradients are averaged
        return (loss, outputs) if return_outputs else loss

    def _weight(self, batch: Any, device: torch.device) -> Tensor:
        """What the loss of one batch divides by."""
        own = self._terms(dict(batch))
        targets, mask, weight = (None if t is None else t.to(device) for t in own)
        loss: Any = self.weighted_loss.loss
        found: Tensor = effective_weight(
            loss,
            targets,
            sample_weight=weight,
            mask=mask,
            num_classes=_classes(loss, own.targets),
        )
        return found.to(torch.float64)

    def _terms(self, inputs: dict[str, Any]) -> Terms:
        """What the loss is computed of, which is taken out of the inputs."""
        names = ["labels", *([] if self.sample_weight is None else [self.sample_weight])]
        for name in names:
            if name not in inputs:
                raise ValueError(
                    f"a batch without {name!r}; it has {', '.join(inputs)}. "
                    "TrainingArguments(remove_unused_columns=False) keeps what the model "
                    "does not take"
                )
        labels, *weights = (inputs.pop(name) for name in names)
        return terms(labels, *weights, shift_labels=self.shift_labels)


def _check_each_process_has_items_of_its_own(trainer: Any) -> None:
    """Where processes share items, a sum over all of them counts these several times."""
    for kind, method in SHARED.items():
        size = getattr(trainer, method, lambda: 1)()
        if size > 1:
            raise ValueError(
                f"{size} {kind} parallel processes have the same items, and their weights would be "
                "added up as if they were other ones; use data parallel processes alone"
            )


def _check_gradients_are_averaged(trainer: Any) -> None:
    """Over all processes and by nothing else, as DDP and FSDP do."""
    own = trainer.accelerator.distributed_type
    engine = ENGINES.get(str(getattr(own, "value", own)))
    if engine is not None:
        raise ValueError(
            f"{engine} divides losses and gradients in ways of its own, so that shares of a step "
            "would be divided twice or not at all; use DDP or FSDP"
        )


def terms(labels: Tensor, weight: Tensor | None = None, *, shift_labels: bool) -> Terms:
    """Labels, which of them count, and weights; shifted to the token before."""
    if shift_labels:
        labels = torch.nn.functional.pad(labels, (0, 1), value=IGNORED)[..., 1:]
        if weight is not None and weight.ndim == labels.ndim:
            weight = torch.nn.functional.pad(weight, (0, 1))[..., 1:]
    return Terms(labels, labels != IGNORED, weight)


def share(loss: ItemLoss, outputs: Any, own: Terms, normalizer: Any) -> Tensor:
    """Σℓ / normalizer of the model's logits; without one, the loss as it is."""
    logits = outputs["logits"] if isinstance(outputs, dict) else outputs[0]
    loss.to(logits.device)
    given = {**loss._arguments(logits), "sample_weight": own.sample_weight, "mask": own.mask}
    if normalizer is not None:
        given |= {"reduction": "sum", "normalizer": normalizer}
    if given["dtype"] is None and logits.dtype in HALF:
        given["dtype"] = torch.float32  # of the loss, which Trainer adds up
    value: Tensor = loss._kind._function(logits, own.targets, **given)
    return value


def _of_items(loss: Any) -> ItemLoss:
    module = loss if isinstance(loss, Loss) else Loss.of(loss)
    if not isinstance(module, ItemLoss):
        raise TypeError(
            f"{type(loss).__name__} is no sum over items, so that parts of a batch have no share "
            "in it; expected a loss of items, such as CrossEntropyLoss()"
        )
    return module


def _classes(loss: Configured[Any], targets: Tensor) -> int | None:
    """How many are told apart by nothing but the labels."""
    weighed = any(getattr(loss, name) is not None for name in loss._weights)
    if weighed or not loss._categorical or targets.is_floating_point():
        return None
    return max(int(targets.max()) + 1, 2) if targets.numel() else 2
