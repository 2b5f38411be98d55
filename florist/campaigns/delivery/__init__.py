"""Delivery: the outputs of a campaign under names that people chose, beside a table of what is what.

Promises: the archive is read alone; nothing at the destination is overwritten; a second time delivers nothing.
Start reading at `delivering.py`.
"""
