"""Training a refiner: on written text, on real sentences as the rules read them, on teachers."""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from chexlabel.errors import ChexlabelError, InputError
from chexlabel_neural.corpus import IGNORED
from chexlabel_neural.data import Batch, Example, batches, drawn, varied
from chexlabel_neural.model import RefinerOutput, ReportRefiner

__all__ = ["Epoch", "TrainConfig", "Trainer", "accuracy", "predict"]


class TrainConfig(BaseModel):
    """How to train; read from a YAML file.

    Attributes:
        epochs: passes over the examples.
        sample: how many of the examples, drawn anew, are a pass; all where there are not more.
        batch: examples a step.
        rate: the highest learning rate, reached after the warm-up, falling to 0 on a straight line.
        warmup: share of the steps over which the rate rises.
        decay: weight decay of matrices.
        noise: share of examples that get typing slips.
        join: share of examples that another one is put behind.
        tag_weight: what the tagger's loss counts, beside the labels'.
        soft_weight: share of the teachers' answers in the labels' loss, where there are any.
        rise: how many times as much an answer that is not blank counts.
        patience: epochs without gain on the held-out writers before training stops.
        seed: of every random choice.
        device: "cpu", "cuda", "mps".
        precision: of the products in a step; "auto" is bfloat16 where the device is quick at it,
            which halves a step's time, else float32. The weights are float32 in either case.
    """

    model_config = ConfigDict(extra="forbid")

    epochs: int = Field(default=3, ge=1)
    sample: int | None = Field(default=None, ge=50)
    batch: int = Field(default=32, ge=1)
    rate: float = Field(default=2e-4, gt=0)
    warmup: float = Field(default=0.06, ge=0, lt=1)
    decay: float = Field(default=0.01, ge=0)
    noise: float = Field(default=0.25, ge=0, le=1)
    join: float = Field(default=0.1, ge=0, le=1)
    tag_weight: float = Field(default=0.5, ge=0)
    soft_weight: float = Field(default=0.7, ge=0, le=1)
    patience: int = Field(default=2, ge=1)
    seed: int = 1
    device: str = "cpu"
    precision: Literal["auto", "bfloat16", "float32"] = "auto"

    @classmethod
    def read(cls, path: Path) -> TrainConfig:
        """Read a configuration file.

        Raises:
            InputError: It cannot be read, or a key is unknown or out of range.
        """
        try:
            return cls.model_validate(yaml.safe_load(path.read_text("utf-8")) or {})
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise InputError(f"{path}: `{place}`: {first['msg']}") from None
        except (OSError, yaml.YAMLError) as error:
            raise InputError(f"{path}: cannot be read ({type(error).__name__})") from None


class Epoch(BaseModel):
    """What one pass came to: its loss, and the share of held-out texts with all labels right."""

    number: int
    loss: float
    exact: float
    seconds: float


class Trainer:
    """Trains a refiner and keeps its best state; a run that was killed goes on where it stood.

    Args:
        model: what to train.
        tokenizer: the model's.
        config: how.
        folder: where states and the log are written.
    """

    def __init__(
        self, model: ReportRefiner, tokenizer: Tokenizer, config: TrainConfig, folder: Path
    ) -> None:
        self.model = model.to(config.device)
        self.tokenizer = tokenizer
        self.config = config
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._halves = config.precision == "bfloat16" or (
            config.precision == "auto" and _is_quick_at_bfloat16(config.device)
        )
        # For short passages the plain way is the quickest on a processor.
        if config.device == "cpu" and hasattr(model.encoder, "set_attn_implementation"):
            model.encoder.set_attn_implementation("eager")
        # The words' vectors stay as pretrained: as good, and the largest part of a step.
        model.encoder.embeddings.word_embeddings.weight.requires_grad_(False)
        decayed = [p for p in model.parameters() if p.requires_grad and p.dim() > 1]
        plain = [p for p in model.parameters() if p.requires_grad and p.dim() <= 1]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": config.decay},
                {"params": plain, "weight_decay": 0.0},
            ],
            lr=config.rate,
        )

    def fit(
        self,
        examples: Sequence[Example],
        dev: Sequence[Example],
        on_step: Callable[[int, int, float], None] | None = None,
    ) -> list[Epoch]:
        """Train, and load the state that did best on the held-out writers.

        Args:
            examples: to train on.
            dev: of writers that `examples` has nothing of.
            on_step: called with the step, the number of steps and the loss.

        Raises:
            InputError: There are too few examples, or only one class.
            ChexlabelError: The loss is not a number.
        """
        _check(examples)
        config = self.config
        size = min(len(examples), config.sample or len(examples))
        steps = math.ceil(size / config.batch) * config.epochs
        history = self._resume()
        for number in range(len(history), config.epochs):
            started = time.perf_counter()
            loss = self._pass(examples, number, steps, on_step)
            exact = accuracy(predict(self.model, self.tokenizer, dev), dev)
            seconds = time.perf_counter() - started
            history.append(Epoch(number=number, loss=loss, exact=exact, seconds=seconds))
            self._save(history)
            best = max(range(len(history)), key=lambda at: history[at].exact)
            if len(history) - 1 - best >= config.patience:
                break
        self.model.load_state_dict(load_file(self.folder / "best.safetensors"))
        return history

    def _pass(
        self,
        examples: Sequence[Example],
        number: int,
        steps: int,
        on_step: Callable[[int, int, float], None] | None,
    ) -> float:
        """Train on the examples once and return the mean loss; `steps` are those of all passes."""
        config = self.config
        per_pass = steps // config.epochs
        seed = config.seed + number
        torch.manual_seed(seed)
        part = drawn(examples, config.sample, random.Random(seed))  # noqa: S311 - no secret
        read = list(_varied(part, config, seed))
        total, step = 0.0, number * per_pass
        self.model.train()
        for batch in batches(read, self.tokenizer, size=config.batch, seed=seed):
            for group in self.optimizer.param_groups:
                group["lr"] = config.rate * _slope(step / steps, config.warmup)
            loss = self._step(batch)
            if not math.isfinite(loss):
                raise ChexlabelError(
                    f"the loss is {loss} at step {step}: lower `rate`, or look at the labels"
                )
            total += loss
            step += 1
            if on_step is not None:
                on_step(step, steps, loss)
        return total / per_pass

    def _step(self, batch: Batch) -> float:
        device = self.config.device
        with torch.autocast(device, torch.bfloat16) if self._halves else nullcontext():
            output = self.model(batch.ids.to(device), batch.mask.to(device))
        loss = loss_of(
            RefinerOutput(output.labels.float(), output.tags.float()), batch, self.config
        )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return float(loss.detach())

    def _resume(self) -> list[Epoch]:
        log = self.folder / "log.json"
        if not log.is_file():
            return []
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in load_file(self.folder / "optimizer.safetensors").items():
            number, _, key = name.partition(".")
            moments.setdefault(int(number), {})[key] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        self.model.load_state_dict(load_file(self.folder / "last.safetensors"))
        return [Epoch.model_validate(item) for item in json.loads(log.read_text("utf-8"))]

    def _save(self, history: Sequence[Epoch]) -> None:
        weights = {k: v.contiguous() for k, v in self.model.state_dict().items()}
        save_file(weights, self.folder / "last.safetensors")
        moments = self.optimizer.state_dict()["state"]
        flat = {f"{at}.{key}": value for at, keys in moments.items() for key, value in keys.items()}
        save_file(flat, self.folder / "optimizer.safetensors")
        if history[-1].exact == max(epoch.exact for epoch in history):
            save_file(weights, self.folder / "best.safetensors")
        log = json.dumps([epoch.model_dump() for epoch in history], indent=1)
        temporary = self.folder / "log.json.tmp"
        temporary.write_text(log, "utf-8")
        temporary.replace(self.folder / "log.json")  # last: it says that the rest is whole


def loss_of(output: RefinerOutput, batch: Batch, config: TrainConfig) -> Tensor:
    """Return the loss: labels (given and the teachers') and tags."""
    device = output.labels.device
    labels, weight = batch.labels.to(device), batch.weight.to(device)
    log_p = output.labels.log_softmax(-1)
    known = labels != IGNORED
    hard = -log_p.gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1) * known
    per_cell = hard
    if batch.soft is not None:
        soft = -(batch.soft.to(device) * log_p).sum(-1)
        per_cell = torch.where(
            known, (1 - config.soft_weight) * hard + config.soft_weight * soft, soft
        )
    loss = (per_cell.sum(-1) * weight).mean()
    tags = batch.tags.to(device)
    tagged = tags >= 0
    if config.tag_weight and tagged.any():
        bce = nn.functional.binary_cross_entropy_with_logits(
            output.tags, tags.clamp(min=0), reduction="none"
        )
        per_text = (bce * tagged).sum((1, 2)) / batch.mask.to(device).sum(1)
        loss = loss + config.tag_weight * (per_text * weight).mean()
    return loss


@torch.inference_mode()
def predict(
    model: ReportRefiner, tokenizer: Tokenizer, examples: Sequence[Example], size: int = 64
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return the probabilities of the classes, float32 [examples, findings, 4]."""
    model.eval()
    device = next(model.parameters()).device
    order = sorted(range(len(examples)), key=lambda at: len(examples[at].words))
    rows: dict[int, np.ndarray[Any, np.dtype[np.float32]]] = {}
    done = 0
    for batch in batches([examples[at] for at in order], tokenizer, size=size):
        output = model(batch.ids.to(device), batch.mask.to(device))
        for row in output.labels.softmax(-1).float().cpu().numpy():
            rows[order[done]] = row
            done += 1
    return np.stack([rows[at] for at in range(len(examples))])


def accuracy(
    probabilities: np.ndarray[Any, np.dtype[np.float32]], examples: Sequence[Example]
) -> float:
    """Return the share of examples with all known labels right."""
    gold = np.array([example.labels for example in examples])
    right = (probabilities.argmax(-1) == gold) | (gold == IGNORED)
    return float(right.all(1).mean())


def _varied(examples: Sequence[Example], config: TrainConfig, seed: int) -> Iterator[Example]:
    """Yield the examples with noise in some and another one behind some."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    for example in examples:
        # A teacher's answer belongs to the very words that it was asked about.
        if example.soft is not None:
            yield example
        else:
            yield varied(example, examples, chance, noise=config.noise, join=config.join)


def _is_quick_at_bfloat16(device: str) -> bool:
    if device == "cpu":
        # PyTorch older than this function trains in float32.
        capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    return device == "cuda" and torch.cuda.get_device_capability() >= (8, 0)  # not emulated


def _slope(progress: float, warmup: float) -> float:
    if progress < warmup:
        return progress / warmup
    return (1 - progress) / (1 - warmup)


def _check(examples: Sequence[Example]) -> None:
    if len(examples) < 50:
        raise InputError(f"{len(examples)} examples are too few to train on; give 50 or more")
    seen = {label for example in examples for label in example.labels} - {IGNORED}
    if len(seen) < 2:
        raise InputError("all labels are of one class: there is nothing to learn")
