"""What the sandbox makes: real pictures, films, sounds, documents and texts, from the inputs of a run.

The only package of the sandbox that needs Pillow and PyAV (`pip install "florist[sandbox]"`): importing it
without them raises `ModuleNotFoundError`.
"""

from flora_sandbox.media.actions import UnusableParamError, perform
from flora_sandbox.media.content import InputContent, Kind, Made, UnreadableInputError
from flora_sandbox.media.recipes import render

__all__ = ["InputContent", "Kind", "Made", "UnreadableInputError", "UnusableParamError", "perform", "render"]
