"""An emulator of the FLORA API on your own machine: develop and test clients without a key or a bill.

It answers as FLORA's documentation says, over a real socket, with real media files. It keeps accounts of every
request, run, charge and download (the books), and fails on demand, reproducibly from a seed (faults).

Promises: routes that FLORA does not document answer 501; what it acknowledged survives `kill -9`; everything that
FLORA decides by time follows a clock that tests can move; the same seed and requests bring the same durations and
faults. It imports nothing of Florist, so that any client may be tried against it, and serves this machine only.

Start reading at `server.py` (`SandboxServer`, for tests) and `settings.py` (what can be set); then `faults.py`
(what can go wrong), `gate.py` (what each request passes) and `runs.py` (the life of a run). The manual is
docs/sandbox.md.
"""
