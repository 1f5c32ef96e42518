"""Frontends: languages that become a build graph."""
