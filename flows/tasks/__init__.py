"""The tasks that all flows share, and how flows come by what tasks need."""

from flows.tasks.bills import report_bill
from flows.tasks.drifts import compare_with_lock, report_drift
from flows.tasks.endings import ended, tell_in_flight
from flows.tasks.runs import Seconds, StepTasks, row_task
from flows.tasks.studios import chosen_archive, chosen_workspace, shared_studio
from flows.tasks.sweeps import report_sweep, sweep_history
from flows.tasks.walks import flow_run_name, run_campaign, walk_pipeline

__all__ = [
    "Seconds",
    "StepTasks",
    "chosen_archive",
    "chosen_workspace",
    "compare_with_lock",
    "ended",
    "flow_run_name",
    "report_bill",
    "report_drift",
    "report_sweep",
    "row_task",
    "run_campaign",
    "shared_studio",
    "sweep_history",
    "tell_in_flight",
    "walk_pipeline",
]
