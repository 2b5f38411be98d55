"""Reconciliation: goes through FLORA's history and keeps every completed run that was paid for and is not kept.

Promises: safe to repeat, to kill and to run twice at once; spends nothing; what is lost is told in every report.
Start reading at `workspace.py`, then `sweep.py`.
"""
