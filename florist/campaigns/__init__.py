"""Campaigns: a pipeline over many rows, its money planned before it is spent."""
