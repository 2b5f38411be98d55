"""The tasks that all flows share, and how flows come by what tasks need."""

from flows.tasks.bills import report_bill
from flows.tasks.budgets import BUDGET_REACHED
from flows.tasks.drifts import compare_with_lock, report_drift
from flows.tasks.endings import ended, log_in_flight, tell_in_flight
from flows.tasks.forms import ASK_BEFORE_USD, Answers, answers, form_changes, form_signature
from flows.tasks.names import flow_run_name, name_of
from flows.tasks.runs import Seconds, StepTasks, row_task
from flows.tasks.starts import STARTED_AGAIN, STARTS_AT_MOST, started_too_often
from flows.tasks.studios import (
    ArchiveGiven,
    WorkspaceGiven,
    archive_named,
    chosen_archive,
    chosen_workspace,
    shared_studio,
    workspace_named,
)
from flows.tasks.sweeps import report_sweep, sweep_history
from flows.tasks.unattended import is_unattended, this_flow_run, unbudgeted
from flows.tasks.walks import run_as_flow, walk_pipeline

__all__ = [
    "ASK_BEFORE_USD",
    "BUDGET_REACHED",
    "STARTED_AGAIN",
    "STARTS_AT_MOST",
    "Answers",
    "ArchiveGiven",
    "Seconds",
    "StepTasks",
    "WorkspaceGiven",
    "answers",
    "archive_named",
    "chosen_archive",
    "chosen_workspace",
    "compare_with_lock",
    "ended",
    "flow_run_name",
    "form_changes",
    "form_signature",
    "is_unattended",
    "log_in_flight",
    "name_of",
    "report_bill",
    "report_drift",
    "report_sweep",
    "row_task",
    "run_as_flow",
    "shared_studio",
    "started_too_often",
    "sweep_history",
    "tell_in_flight",
    "this_flow_run",
    "unbudgeted",
    "walk_pipeline",
    "workspace_named",
]
