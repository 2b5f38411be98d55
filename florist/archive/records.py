"""Reads JSON records back from a store: what cannot be read any more is damaged, whatever it has become."""

from typing import TypeVar

from pydantic import BaseModel

from florist.stores.errors import IntegrityError

Model = TypeVar("Model", bound=BaseModel)


def parsed_record(model: type[Model], content: bytes, key: str) -> Model:
    """Return a record from its JSON.

    Raises:
        IntegrityError: it is damaged, or of a later version that this one would misunderstand.
    """
    try:
        return model.model_validate_json(content)
    except (ValueError, OverflowError, OSError) as error:  # the last two: a moment far out of range
        raise IntegrityError(f"{key} in the archive is not a {model.__name__} any more; look at it") from error
