"""Prefect's flows, one a file: what is deployed, scheduled, and run from a form.

They come with the checkout, not with the wheel. `flows.tasks` has the tasks that all flows share.

Promises: the task that spends and the task that waits are two; Prefect retries nothing that spends; the price is a
log line and an artifact before the first run.
Start reading at `run_pipeline.py`, then `tasks/walks.py`.
"""
