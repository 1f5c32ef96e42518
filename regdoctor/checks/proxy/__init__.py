"""Faults of proxies: whose setting leads where, and what the proxy makes of it."""
