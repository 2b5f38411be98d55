"""Paid but not kept: goes through FLORA's history and keeps every completed run that the archive has not.

Promises: safe to repeat, to kill and to run twice at once; spends nothing; what is lost is told in every report.
Start reading at `workspace.py`, then `sweep.py`.
"""
