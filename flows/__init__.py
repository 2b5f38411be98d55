"""Prefect flows of Florist, one a file."""
