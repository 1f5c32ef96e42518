"""Shared by all tests. Fixtures that start real programs live in ``tests/fixtures``."""
