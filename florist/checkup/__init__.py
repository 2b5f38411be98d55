"""The checkup: what an installation rests on, looked at piece by piece, each told as ok, warn or fail.

Promises: nothing here pays for anything; a check that breaks is told as a failure; nothing secret is told.
Start reading at `finding.py`, then `checkup.py`.
"""
