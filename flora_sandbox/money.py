"""Balances of the workspaces, in millionths of a dollar."""

from decimal import Decimal

from flora_sandbox.database import Database
from flora_sandbox.problems import insufficient_credits

MICROS = 1_000_000


def micros(usd: Decimal) -> int:
    """Return an amount as a whole number of millionths."""
    return int(usd * MICROS)


def dollars(amount: int) -> Decimal:
    """Return millionths as dollars."""
    return Decimal(amount) / MICROS


class Purse:
    """The balances of the workspaces."""

    def __init__(self, database: Database, initial_usd: Decimal) -> None:
        self._database = database
        self._initial = micros(initial_usd)

    def balance(self, workspace_id: str) -> int:
        """Return what is left."""
        row = self._database.row("SELECT micros FROM balances WHERE workspace_id = ?", workspace_id)
        return self._initial if row is None else int(row["micros"])

    def set_balance(self, workspace_id: str, amount: int) -> None:
        """Say what is left."""
        self._database.write("INSERT OR REPLACE INTO balances VALUES (?, ?)", workspace_id, amount)

    def take(self, workspace_id: str, amount: int) -> None:
        """Take the price of a run.

        Raises:
            Problem: 402, it is not covered; nothing was taken.
        """
        left = self.balance(workspace_id) - amount
        if left < 0:
            raise insufficient_credits()
        self.set_balance(workspace_id, left)

    def give_back(self, workspace_id: str, amount: int) -> None:
        """Give back what was taken for a run that failed."""
        self.set_balance(workspace_id, self.balance(workspace_id) + amount)
