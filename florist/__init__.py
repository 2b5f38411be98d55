"""Florist: production pipelines for FLORA techniques."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("florist")
except PackageNotFoundError:  # a checkout on sys.path that was never installed
    __version__ = "0+unknown"
