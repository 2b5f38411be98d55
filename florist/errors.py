"""The root of every error Florist raises.

The tree (each branch is drawn again, with its leaves, in its own module)::

    FloristError
    ├── ConfigurationError          a setting is missing or wrong; the message names it and the mend
    ├── DroppedUrlError             a signed URL that was left behind in a pickle or in JSON
    ├── APIError                    florist.api.errors: a call to FLORA
    ├── RunError                    florist.api.errors: a run that ended badly, or not yet
    ├── InvalidInputsError          florist.client.errors: what was given for a technique's inputs
    ├── StoreError, ObjectError,
    │   IntegrityError              florist.stores.errors: bytes under a key
    ├── ArchiveError                florist.archive.errors: keeping outputs
    ├── SweepError                  florist.sweep.errors: keeping what nobody kept
    ├── StudioError                 florist.studio.errors: making one step
    ├── CampaignPlanError           florist.campaigns.plan.errors: running a campaign by its plan
    ├── PipelineError               florist.pipelines.errors: a pipeline file, its plan, its inputs
    ├── CampaignError               florist.campaigns.errors: a campaign's bad end
    ├── BudgetError                 florist.campaigns.budget.errors: a campaign's cap
    ├── DeliveryError               florist.campaigns.delivery.errors: names and copies of a campaign's outputs
    ├── UndrawableError             florist.gallery.drawable: no preview can be made of a content
    ├── TechniqueDriftError         florist.campaigns.lock: techniques that are not what they were
    └── LedgerError                 florist.ledger.errors: what was paid for
"""

from typing import Any, ClassVar


class FloristError(Exception):
    """Root of all errors of this library.

    Holds plain data only, never a request, response, header, key or signed URL, and survives pickling
    with all its fields (Prefect persists what tasks raise). A message says what happened, to which id,
    and what to do next.

    Example: docs/client.md, "Errors".
    """

    is_retryable: ClassVar[bool] = False
    """Whether the same call may simply be made again: nothing was spent, and it may go better."""

    stops_all: ClassVar[bool] = False
    """Whether every other step would meet with it, too: an empty balance, a store that is gone."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Rebuild without calling `__init__`, whose arguments need not be `self.args`."""
        return _rebuilt, (type(self), self.args), self.__dict__


class ConfigurationError(FloristError):
    """A setting is missing or wrong. Example: docs/client.md, "Errors"."""


class DroppedUrlError(FloristError):
    """A signed URL was asked for after a pickle or JSON had dropped it. Read the run again."""


def _rebuilt(cls: type[FloristError], args: tuple[object, ...]) -> FloristError:
    return cls.__new__(cls, *args)
