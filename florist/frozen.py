"""The model that all of ours derive from, save those that read FLORA's answers."""

from pydantic import BaseModel, ConfigDict


class FrozenModel(BaseModel):
    """A value: it never changes once made."""

    model_config = ConfigDict(frozen=True)
