"""What people have chosen of one row: which cells they picked at gates, and which further takes they asked for."""

from collections.abc import Mapping

from florist.frozen import FrozenModel


class Take(FrozenModel):
    """A further variation of a cell that somebody asked for, beside those that the pipeline makes.

    Attributes:
        cell: its name, such as `still@v5`.
        axes: where it stands on the axes of its step, `variation` among them.
        inputs: texts that go in place of what the pipeline gives, by the ids of the step's inputs.
    """

    cell: str
    step: str
    axes: Mapping[str, str] = {}
    inputs: Mapping[str, str] = {}


class RowChoices(FrozenModel):
    """What is chosen of one row.

    Attributes:
        picks: the run that was picked of each picked cell, by the cell's name; empty where it is not known.
    """

    picks: Mapping[str, str] = {}
    takes: tuple[Take, ...] = ()


NOTHING_CHOSEN = RowChoices()

Choices = Mapping[str, RowChoices]
"""What is chosen of each row, by its key; a row of which nothing is chosen may be left out."""
