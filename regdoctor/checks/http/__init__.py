"""Registries that answer, but not as a registry should."""
