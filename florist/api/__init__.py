"""FLORA's API: the client, its models, its errors."""

from florist.api.client import FloraAPI, key_fingerprint
from florist.api.paging import AsyncPager, Page

__all__ = ["AsyncPager", "FloraAPI", "Page", "key_fingerprint"]
