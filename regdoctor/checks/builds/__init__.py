"""Faults of a build before, around and within its steps."""
