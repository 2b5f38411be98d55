"""Bytes under a key, written once and verified: one contract, two stores, S3 and a folder.

Promises: an object appears whole or not at all, never replaces another, and is read back before it counts as kept.
Knows nothing of FLORA. Start reading at `store.py`, the contract; `locations.py` finds the store of an address.
"""
