"""The Trainer of Hugging Face transformers: a GPT on characters, padded and weighted."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import accelerate
import pytest
import torch
import transformers

from wce_core import effective_weight, losses
from wce_core.torch import ComputeLoss, CrossEntropyLoss, DiceLoss, WeightedLossTrainer

TEXT = "to be or not to be that is the question whether it is nobler in the mind to suffer"
LETTERS = sorted(set(TEXT))
C, LENGTH, ROWS = len(LETTERS), 12, 16
WEIGHT = torch.linspace(0.25, 4.0, C).tolist()
IGNORED = -100


class Trainer(WeightedLossTrainer, transformers.Trainer):
    """With weights in the denominator."""


def rows() -> list[dict[str, torch.Tensor]]:
    """Beginnings of words of many lengths, padded; the last four rows are padding and nothing."""
    generator = torch.Generator().manual_seed(0)
    made = []
    for i in range(ROWS):
        own = 2 + (7 * i) % (LENGTH - 2) if i < ROWS - 4 else 0
        start = int(torch.randint(0, len(TEXT) - LENGTH, (), generator=generator))
        ids = torch.zeros(LENGTH, dtype=torch.int64)
        ids[:own] = torch.tensor([LETTERS.index(c) for c in TEXT[start : start + own]]).long()
        labels = torch.where(torch.arange(LENGTH) < own, ids, IGNORED)
        weight = torch.rand(LENGTH, generator=generator)
        made.append({"input_ids": ids, "labels": labels, "token_weight": weight})
    return made


DATA = rows()
PREPARED = [row | {"labels": row["labels"].clone()} for row in DATA]
"""Without first labels, for which there are no logits: Trainer does not always know that."""
for _row in PREPARED:
    _row["labels"][0] = IGNORED
WHOLE = {name: torch.stack([row[name] for row in DATA]) for name in DATA[0]}
"""All rows, which are the micro-batches of one step."""


def gpt() -> transformers.GPT2LMHeadModel:
    config = transformers.GPT2Config(
        vocab_size=C,
        n_positions=LENGTH,
        n_embd=16,
        n_layer=1,
        n_head=2,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=0,
        eos_token_id=0,
    )
    torch.manual_seed(0)
    return transformers.GPT2LMHeadModel(config)


MODEL = gpt()


class Recorded(transformers.TrainerCallback):
    """Gradients before each step, and the logged losses."""

    def __init__(self) -> None:
        self.gradients: list[torch.Tensor] = []
        self.losses: list[float] = []

    def on_pre_optimizer_step(self, *args: Any, model: Any, **kwargs: Any) -> None:
        each = [own.grad.flatten() for own in model.parameters()]
        self.gradients.append(torch.cat(each).clone())

    def on_log(self, *args: Any, logs: dict[str, float], **kwargs: Any) -> None:
        self.losses += [logs[name] for name in ("loss", "eval_loss") if name in logs]


def trained(
    kind: type[transformers.Trainer],
    folder: Path,
    *,
    accumulated: int,
    ranks: int = 1,
    steps: int = 1,
    evaluated: bool = False,
    rows: list[dict[str, torch.Tensor]] = DATA,
    **own: Any,
) -> Recorded:
    recorded, model = Recorded(), copy.deepcopy(MODEL)
    arguments = transformers.TrainingArguments(
        output_dir=str(folder),
        use_cpu=True,
        per_device_train_batch_size=ROWS // accumulated // ranks,
        per_device_eval_batch_size=ROWS,
        gradient_accumulation_steps=accumulated,
        max_steps=steps,
        learning_rate=0.3,
        lr_scheduler_type="constant",
        optim="sgd",
        max_grad_norm=0.0,
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        train_sampling_strategy="sequential",
    )
    names = ["input_ids", "labels", *([own["sample_weight"]] if own.get("sample_weight") else [])]
    data = [{name: row[name] for name in names if name in row} for row in rows]
    trainer = kind(
        model=model,
        args=arguments,
        train_dataset=data,
        eval_dataset=data,
        callbacks=[recorded],
        **own,
    )
    trainer.evaluate() if evaluated else trainer.train()
    return recorded


def expected(loss: Any, *, weighted: bool = False) -> tuple[float, torch.Tensor]:
    """Loss and gradients of all rows at once, by a plain program."""
    model = copy.deepcopy(MODEL)
    logits = model(input_ids=WHOLE["input_ids"]).logits[:, :-1]
    weight = WHOLE["token_weight"][:, 1:] if weighted else None
    value = loss(logits, WHOLE["labels"][:, 1:], sample_weight=weight)
    value.backward()
    return value.item(), torch.cat([own.grad.flatten() for own in model.parameters()])


def assert_same(found: Recorded, wanted: tuple[float, torch.Tensor]) -> None:
    assert found.losses[0] == pytest.approx(wanted[0], rel=1e-6)
    scale = float(wanted[1].abs().max())
    torch.testing.assert_close(found.gradients[0], wanted[1], rtol=1e-5, atol=1e-6 * scale)


ACCUMULATED = pytest.mark.parametrize("accumulated", [1, 2, 4, 8])


@ACCUMULATED
def test_labels_are_counted_over_micro_batches(accumulated: int, tmp_path: Path) -> None:
    """With weights of classes, which multiply; micro-batches of unequal length, one of padding."""
    loss = losses.CrossEntropy(class_weight=WEIGHT, ignore_index=IGNORED)
    own: dict[str, Any] = {"compute_loss_func": ComputeLoss(loss, shift_labels=True)}
    found = trained(transformers.Trainer, tmp_path, accumulated=accumulated, rows=PREPARED, **own)
    assert_same(found, expected(loss))


@pytest.mark.parametrize(
    ("accumulated", "weighted"), [(1, True), (2, True), (4, True), (8, True), (8, False)]
)
def test_weights_are_added_up_over_micro_batches(
    accumulated: int, weighted: bool, tmp_path: Path
) -> None:
    """The mean by weights of classes, and of tokens."""
    loss = losses.CrossEntropy(class_weight=WEIGHT, reduction="weighted_mean", ignore_index=IGNORED)
    found = trained(
        Trainer,
        tmp_path,
        accumulated=accumulated,
        loss=CrossEntropyLoss(class_weight=WEIGHT, reduction="weighted_mean", axis=-1),
        shift_labels=True,
        sample_weight="token_weight" if weighted else None,
    )
    assert_same(found, expected(loss, weighted=weighted))


@pytest.mark.parametrize("reduction", ["mean", "sum", "batch_mean"])
def test_every_denominator(reduction: Any, tmp_path: Path) -> None:
    """Also where nothing tells how many classes there are."""
    loss = losses.CrossEntropy(reduction=reduction, ignore_index=IGNORED)
    found = trained(Trainer, tmp_path, accumulated=4, loss=loss, shift_labels=True)
    assert_same(found, expected(loss))


def test_reaches_the_loss_that_transformers_own_reaches(tmp_path: Path) -> None:
    """Without weights, over some steps."""
    kinds: dict[str, Any] = {"accumulated": 4, "steps": 5, "rows": PREPARED}
    own = trained(transformers.Trainer, tmp_path, **kinds)
    mean = CrossEntropyLoss(axis=-1)
    compute = ComputeLoss(mean, shift_labels=True)
    found = trained(transformers.Trainer, tmp_path, compute_loss_func=compute, **kinds)
    again = trained(Trainer, tmp_path, loss=mean, shift_labels=True, **kinds)
    assert own.losses[-2] < own.losses[0] - 0.1
    for each in (found, again):
        assert each.losses == pytest.approx(own.losses, abs=1e-6)


def test_evaluated_batch_by_batch(tmp_path: Path) -> None:
    loss = losses.CrossEntropy(class_weight=WEIGHT, reduction="weighted_mean", ignore_index=IGNORED)
    found = trained(Trainer, tmp_path, accumulated=1, loss=loss, shift_labels=True, evaluated=True)
    assert found.losses == [pytest.approx(expected(loss)[0], rel=1e-6)]


def test_a_plain_loop() -> None:
    """The same denominator without a Trainer, known before the first forward pass."""
    loss = losses.CrossEntropy(class_weight=WEIGHT, reduction="weighted_mean", ignore_index=IGNORED)
    share = CrossEntropyLoss(class_weight=WEIGHT, axis=-1, reduction="sum")
    model = copy.deepcopy(MODEL)
    labels = torch.nn.functional.pad(WHOLE["labels"], (0, 1), value=IGNORED)[:, 1:]
    batches = list(zip(WHOLE["input_ids"].split(5), labels.split(5), strict=True))
    whole = sum(effective_weight(loss, y) for _, y in batches)
    total = 0.0
    for x, y in batches:
        value = share(model(input_ids=x).logits, y, mask=y != IGNORED, normalizer=whole)
        value.backward()
        total += value.item()
    wanted, gradient = expected(loss)
    assert total == pytest.approx(wanted, rel=1e-6)
    found = torch.cat([own.grad.flatten() for own in model.parameters()])
    torch.testing.assert_close(found, gradient, rtol=1e-5, atol=1e-7)


def test_a_first_label_that_trainer_counts_is_refused(tmp_path: Path) -> None:
    """Of a GPT2LMHeadModel it does not know that labels are shifted, of others it does."""
    compute = ComputeLoss(CrossEntropyLoss(axis=-1), shift_labels=True)
    with pytest.raises(ValueError, match="Trainer may count it; set it to -100"):
        trained(transformers.Trainer, tmp_path, accumulated=2, compute_loss_func=compute)


def test_what_trainer_cannot_divide_by_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="counts labels and no weights"):
        ComputeLoss(CrossEntropyLoss(class_weight=WEIGHT, reduction="weighted_mean"))
    with pytest.raises(ValueError, match="use -100 in labels"):
        ComputeLoss(CrossEntropyLoss(ignore_index=0))
    with pytest.raises(TypeError, match="no sum over items"):
        ComputeLoss(DiceLoss())
    with pytest.raises(ValueError, match="no number to train on"):
        trained(Trainer, tmp_path, accumulated=1, loss=losses.CrossEntropy(reduction="none"))
    with pytest.raises(ValueError, match="both loss and compute_loss_func"):
        trained(
            Trainer, tmp_path, accumulated=1, loss=losses.CrossEntropy(), compute_loss_func=print
        )
    with pytest.raises(ValueError, match="a batch without 'weight'"):
        trained(
            Trainer, tmp_path, accumulated=1, loss=losses.CrossEntropy(), sample_weight="weight"
        )


@pytest.mark.parametrize("kind", ["tensor", "context", "sequence"])
def test_processes_that_share_items_are_refused(kind: str, tmp_path: Path) -> None:
    name = f"get_{kind[0]}p_size"
    assert hasattr(transformers.Trainer, name)
    spread = type("Spread", (Trainer,), {name: lambda self: 2})
    with pytest.raises(ValueError, match=f"2 {kind} parallel processes have the same items"):
        trained(spread, tmp_path, accumulated=1, loss=losses.CrossEntropy())


@pytest.mark.parametrize("engine", ["DeepSpeed", "Megatron-LM"])
def test_engines_that_divide_by_themselves_are_refused(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = engine.upper().replace("-", "_")
    create = Trainer.create_accelerator_and_postprocess

    def created(self: Any) -> None:
        create(self)
        kind = accelerate.DistributedType(name)
        monkeypatch.setitem(self.accelerator.state._shared_state, "distributed_type", kind)

    monkeypatch.setattr(Trainer, "create_accelerator_and_postprocess", created)
    with pytest.raises(ValueError, match=f"{engine} divides losses and gradients in ways of its"):
        trained(Trainer, tmp_path, accumulated=1, loss=losses.CrossEntropy())
