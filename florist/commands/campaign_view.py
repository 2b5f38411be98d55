"""What `florist run` shows of a campaign while it is walked: a live view on a terminal, or events as JSON."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from florist.campaigns.events import Event, Progressed, heard_by
from florist.campaigns.progress import count_words, money_words
from florist.commands.terminal import err, say

BAR_WIDTH = 60


class JsonLines:
    """Prints every event as a line of JSON; the numbers only where they have changed."""

    def __init__(self) -> None:
        self._numbers: Progressed | None = None

    def hear(self, event: Event) -> None:
        """Take an event of the campaign."""
        if isinstance(event, Progressed):
            numbers = event.model_copy(update={"eta_seconds": None})
            if numbers == self._numbers:
                return
            self._numbers = numbers
        say(event.model_dump_json())


class CampaignView:
    """The newest numbers of a campaign, as rich draws them. Its gaps stand above, as lines of the log."""

    def __init__(self) -> None:
        self._numbers: Progressed | None = None

    def hear(self, event: Event) -> None:
        """Take an event of the campaign."""
        if isinstance(event, Progressed):
            self._numbers = event

    def __rich__(self) -> RenderableType:
        """Draw a bar and the numbers."""
        grid = Table.grid()
        if self._numbers is not None:
            settled = self._numbers.done + self._numbers.gaps
            grid.add_row(ProgressBar(total=max(self._numbers.cells, 1), completed=settled, width=BAR_WIDTH))
            grid.add_row(count_words(self._numbers))
            grid.add_row(money_words(self._numbers))
        return grid


@contextmanager
def campaign_view(*, as_json: bool) -> Iterator[Console | None]:
    """Show the campaigns that are walked in the block: as JSON lines, or live where there is a terminal.

    Yields the console that anything else must be printed through meanwhile, if any.
    """
    if as_json:
        with heard_by(JsonLines().hear):
            yield None
    elif err.is_terminal:
        view = CampaignView()
        live = Live(view, console=err, refresh_per_second=4, redirect_stdout=False, redirect_stderr=False)
        with live, heard_by(view.hear):
            yield err
    else:
        yield None
