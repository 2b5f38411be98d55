"""The bill: what runs were charged, what is in flight, in doubt and wasted, from the ledger alone.

Promises: to the cent what FLORA has charged, as a range where that is not known; nothing is asked of FLORA.
Start reading at `charges.py`, then `bill.py`.
"""
