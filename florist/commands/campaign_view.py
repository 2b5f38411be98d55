"""What `florist run` shows of a campaign while it is walked: a live view on a terminal, or events as JSON."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.text import Text

from florist.campaigns.events import Event, GapFound, Progressed, heard_by
from florist.campaigns.progress import progress_line
from florist.commands.terminal import err, say

GAPS_SHOWN = 5
"""The newest gaps; all are told in the end."""


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
    """The newest numbers and gaps of a campaign, as rich draws them."""

    def __init__(self) -> None:
        self._numbers: Progressed | None = None
        self._gaps: deque[GapFound] = deque(maxlen=GAPS_SHOWN)

    def hear(self, event: Event) -> None:
        """Take an event of the campaign."""
        match event:
            case Progressed():
                self._numbers = event
            case GapFound():
                self._gaps.append(event)
            case _:
                pass

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw gaps, a bar and the numbers."""
        if self._numbers is None:
            return
        for gap in self._gaps:
            yield Text(f"  gap  {gap.label}: {gap.reason}", style="yellow", overflow="ellipsis", no_wrap=True)
        settled = self._numbers.done + self._numbers.gaps
        yield ProgressBar(total=max(self._numbers.cells, 1), completed=settled, width=min(60, options.max_width))
        yield Text(progress_line(self._numbers))


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
