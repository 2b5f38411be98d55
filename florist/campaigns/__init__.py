"""Campaigns: plan the money, spend it, tell what it cost."""
