"""What deployments need around them: a server's settings, saved blocks, a work pool; and the demo.

Promises: what exists is left as it is, so all of it may be repeated; nothing here spends at the real FLORA.
Start reading at `prepare.py`; `demo.py` is `make demo`, on servers of `server_processes.py`.
"""
