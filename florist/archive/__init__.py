"""A run kept: its outputs fetched, verified, stored, and a manifest that vouches for them.

Promises: what the manifest names is there, whole, with the hash it tells; keeping a run twice keeps it once.
Start reading at `archiver.py`; `manifest.py` is what is written, `keys.py` where.
`verify.py` and `mend.py` look after what is kept.
"""
