"""A campaign's budget: a cap that holds over processes, machines and crashes, with create-if-absent alone.

Whoever walks a campaign asks for rows, walks them, and settles; see `docs/budget.md` for what is guaranteed::

    budget = await CampaignBudget.opened(ledger, "spring", plans, cap_usd=Decimal(40)) # None: the cap as it stands
    while (block := await budget.authorise()) is not None:
        # block.rows: keys of the rows that may be walked now, in plan order
        functions = StudioSteps(studio, CampaignRow(...), allowance=block.allowance)
        ...                                   # walk these rows, side by side
        await budget.settle(block)            # also after an error; safe to repeat
    budget.unstarted                          # keys of the rows that never fitted: `not started: budget`

- Several blocks may be open in one process; `authorise` never hands out a row that is being walked.
- Without a cap (none given, none in the store) one block has all rows and `allowance` None: nothing is written.
- A step that the budget does not cover ends in `BudgetRefusedError` (florist.ledger.errors); its row is handed out
  again by a later block, or stands in `unstarted` in the end. Other failed rows are not handed out again.
- Stop asking after an empty balance (402): settle, and end. `budget.standing()` says what people see.
- Under Prefect: `Studio.start(..., allowance=block.allowance)`; nothing else of a step knows of the budget.
"""

from florist.campaigns.budget.blocks import Block
from florist.campaigns.budget.campaign_budget import CampaignBudget
from florist.campaigns.budget.errors import BudgetDamagedError, BudgetError, UnpricedStepsError
from florist.campaigns.budget.reports import Standing

__all__ = ["Block", "BudgetDamagedError", "BudgetError", "CampaignBudget", "Standing", "UnpricedStepsError"]
