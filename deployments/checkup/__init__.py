"""The checkup of Prefect: what deployments rest on, each told as `florist.checkup` tells the rest.

Promises: nothing is changed on the server, and nothing started; keys in blocks are used and never told.
Start reading at `findings.py`.
"""

from deployments.checkup.findings import prefect_findings

__all__ = ["prefect_findings"]
