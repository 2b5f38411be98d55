"""What deployments need around them: saved blocks, a work pool, limits, automations; and the demo.

Promises: all of it may be repeated, and what people have made or switched off is left as it is; nothing here
spends at the real FLORA. Start reading at `bootstrap.py`; `demo.py` is `make demo`.
"""
