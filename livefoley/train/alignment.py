"""The cross-modal term: what a video teacher saw, foretold from inside the student.

Representation alignment (REPA, Yu et al. 2025; HunyuanVideo-Foley aligns so with its own features): hidden tokens half
way up are projected to the teacher's features of the film at the same time, and the angle between both is a loss. The
student never gets the features as input, and the projection does not leave with it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from livefoley.train.corpus.batches import Batch

WEIGHT = 0.5


class Alignment(nn.Module):
    """Projects hidden tokens ``[batch, tokens, width]`` to features ``[batch, tokens, seen]``."""

    def __init__(self, width: int, seen: int) -> None:
        super().__init__()
        self.project = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, seen))
        self._hidden: list[Tensor] = []

    def listen(self, blocks: nn.ModuleList) -> None:
        """Take the hidden tokens from the middle one of ``blocks``, from its next forward pass on."""
        blocks[len(blocks) // 2].register_forward_hook(self._take)

    def _take(self, _module: nn.Module, _given: Any, hidden: Tensor) -> None:
        self._hidden[:] = [hidden]

    def forward(self, batch: Batch) -> Tensor:
        """Return the weighted loss over the last pass; 0 where no clip of the batch was watched.

        Features that are all zero stand for tokens nobody saw.
        """
        hidden = self._hidden.pop()
        assert batch.seen is not None  # noqa: S101 - for the type checker
        watched = (batch.seen.abs().sum(dim=-1) > 0).float()
        apart = 1.0 - functional.cosine_similarity(self.project(hidden), batch.seen, dim=-1)
        return WEIGHT * torch.sum(apart * watched) / watched.sum().clamp(min=1.0)
