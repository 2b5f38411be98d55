"""Object stores without overwriting: one contract, kept by S3 and by a local folder.

Promises: an object appears whole or not at all, never replaces another (create-if-absent), and counts as kept only
once its bytes are verified. Knows nothing of FLORA. Start reading at `store.py`, the contract; `locations.py` has
`store_at`, which finds the store of a location.
"""
