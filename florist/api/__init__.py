"""FLORA over HTTP: an asyncio client of its whole public API, one poller for all waiting runs, webhooks.

Promises: a request that may have been processed is never sent again (`retries`); every error is a `FloristError`
that says whether its request was processed (`errors.Processed`); no API key or signed URL is in any repr, log
line, error or pickle; whatever a server answers, nothing else is raised, and nothing waits for ever.

Start reading at `client`, then `resources.technique_runs` (one route), `transport` (one request), `retries` (the
policy) and `watcher` (waiting). It imports of ours the ground floor alone: errors, settings, secrets, frozen,
media_types.
"""

from florist.api.client import FloraAPI, key_fingerprint
from florist.api.paging import AsyncPager, Page

__all__ = ["AsyncPager", "FloraAPI", "Page", "key_fingerprint"]
