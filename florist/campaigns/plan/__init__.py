"""Dry run of a campaign: what each cell of it would do if it were run now, why, and for what price.

Promises: nothing is spent. A decision is made of the same work keys, by the same functions, as the run that
follows makes; what is remembered to be quick (`snapshots`) is never asked when money is spent.
Start reading at `deciding.py`; `campaign_plan.py` is what comes of it.
"""
