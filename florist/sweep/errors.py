"""What a sweep can end in.

::

    FloristError
    └── SweepError
        └── SweepIncompleteError        some runs could not be kept; the next sweep tries them again
"""

from florist.errors import FloristError


class SweepError(FloristError):
    """Root of what a sweep raises."""


class SweepIncompleteError(SweepError):
    """A sweep could not keep every run that was paid for. The next one tries them again."""
