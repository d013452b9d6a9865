"""What the models of a pattern set's files have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["StrictModel"]


class StrictModel(BaseModel):
    """A file of a set, or a part of one: a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid")
