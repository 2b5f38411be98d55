"""FLORA's API: the client, its models, its errors."""

from florist.api.client import FloraClient, key_fingerprint
from florist.api.paging import AsyncPager, Page

__all__ = ["AsyncPager", "FloraClient", "Page", "key_fingerprint"]
