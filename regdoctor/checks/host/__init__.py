"""Faults of this host, and of programs on it."""
