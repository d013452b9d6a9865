"""The refiner's network: a BERT encoder, a four-way head a finding, and a span tagger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel, PretrainedConfig, PreTrainedModel

from chexlabel_neural.classes import CHOICES

__all__ = ["RefinerConfig", "RefinerOutput", "ReportRefiner"]


class RefinerConfig(PretrainedConfig):
    """Configuration of `ReportRefiner`.

    Args:
        encoder: the fields of the encoder's `BertConfig`.
        findings: names of the findings, in the order of the heads.
        kwargs: what every `PretrainedConfig` takes.
    """

    model_type = "chexlabel-refiner"

    def __init__(
        self,
        encoder: dict[str, Any] | None = None,
        findings: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.encoder = encoder or {}
        self.findings = list(findings)


@dataclass(frozen=True, slots=True)
class RefinerOutput:
    """What the network says of a batch of passages.

    Attributes:
        labels: logits over `CHOICES`, float [batch, findings, 4].
        tags: logits that a token speaks of a finding, float [batch, tokens, findings].
    """

    labels: Tensor
    tags: Tensor


class ReportRefiner(PreTrainedModel):
    """Reads a passage and says of each finding whether it is denied, doubted, stated or not named.

    Each finding attends to the tokens by a query of its own (attention pooling, as in Mullenbach et
    al. 2018, "Explainable prediction of medical codes from clinical text", arXiv:1802.05695), so
    that "no effusion, large opacity" can be read differently for different findings.
    """

    config_class = RefinerConfig
    base_model_prefix = "encoder"

    def __init__(self, config: RefinerConfig) -> None:
        super().__init__(config)
        bert = BertConfig(**config.encoder)
        count, width = len(config.findings), bert.hidden_size
        self.encoder = BertModel(bert, add_pooling_layer=False)
        self.queries = nn.Parameter(torch.empty(count, width))
        self.dense = nn.Linear(2 * width, width)
        self.heads = nn.Parameter(torch.empty(count, len(CHOICES), width))
        self.bias = nn.Parameter(torch.zeros(count, len(CHOICES)))
        self.tagger = nn.Linear(width, count)
        self.post_init()
        nn.init.normal_(self.queries, std=0.02)
        nn.init.normal_(self.heads, std=0.02)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> RefinerOutput:
        """Read a batch.

        Args:
            input_ids: wordpieces, int64 [batch, tokens], padded at the end.
            attention_mask: 1 for a wordpiece, 0 for padding, int64 [batch, tokens].
        """
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask)[0]
        scores = states @ self.queries.T  # [batch, tokens, findings]
        hidden = (attention_mask == 0).unsqueeze(-1)
        weights = scores.masked_fill(hidden, -1e4).softmax(dim=1)
        return RefinerOutput(*self.read_out(states, weights))

    def read_out(self, states: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of labels and tags.

        Args:
            states: the encoder's, [batch, tokens, width].
            weights: how much each finding heeds each token, [batch, tokens, findings].
        """
        pooled = weights.transpose(1, 2) @ states  # [batch, findings, width]
        first = states[:, :1].expand_as(pooled)
        features = nn.functional.gelu(self.dense(torch.cat((pooled, first), dim=-1)))
        labels = (features.unsqueeze(2) * self.heads).sum(-1) + self.bias
        return labels, self.tagger(states)
