"""Every error survives pickling with its fields, and holds nothing that must not be seen."""

import copy
import importlib
import inspect
import pickle
import pkgutil
from collections.abc import Iterator

import florist
from florist.api.models import Run
from florist.errors import FloristError

KEY = "sk_live_marker"
SIGNED = "https://media.flora.ai/a/b.png?signature=marker"
RUN = Run.model_validate(
    {
        "run_id": "run_1",
        "status": "completed",
        "outputs": [{"output_id": "image", "type": "imageUrl", "url": SIGNED}],
        "not_known_yet": SIGNED,
    }
)


def subclasses(cls: type) -> Iterator[type]:
    for child in cls.__subclasses__():
        yield child
        yield from subclasses(child)


def every_error() -> list[type[FloristError]]:
    for module in pkgutil.walk_packages(florist.__path__, "florist."):
        importlib.import_module(module.name)
    return sorted(set(subclasses(FloristError)), key=lambda cls: cls.__qualname__)


def filled(cls: type[FloristError]) -> FloristError:
    """Make an error with every keyword it takes, whatever its class demands."""
    error = cls.__new__(cls, "what happened; what to do")
    keywords = [
        parameter.name
        for parameter in inspect.signature(cls.__init__).parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    error.__dict__.update({name: RUN if name == "run" else f"value of {name}" for name in keywords})
    return error


def survives_pickling(error: FloristError) -> bool:
    back = pickle.loads(pickle.dumps(error))
    return (type(back), back.args, back.__dict__.keys()) == (type(error), error.args, error.__dict__.keys())


def holds_signed_url(error: FloristError) -> bool:
    shown = f"{error} {error!r} {error.__dict__!r} {copy.copy(error)!r}"
    return "marker" in shown or b"marker" in pickle.dumps(error)


def test_error_pickled_comes_back_with_all_its_fields():
    assert [cls.__name__ for cls in every_error() if not survives_pickling(filled(cls))] == []


def test_error_shown_or_pickled_holds_no_signed_url():
    assert [cls.__name__ for cls in every_error() if holds_signed_url(filled(cls))] == []


def test_error_tree_drawn_in_the_docstrings_is_the_tree_there_is():
    drawn = {cls: inspect.getmodule(cls).__doc__ for cls in every_error()}
    assert [cls.__name__ for cls, doc in drawn.items() if cls.__name__ not in (doc or "")] == []
