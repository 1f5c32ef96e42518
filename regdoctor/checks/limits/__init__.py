"""Limits on requests: who counts them, and what is left."""
