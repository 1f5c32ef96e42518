"""Sonatype Nexus Repository: what only it does, told by behaviour and not by version."""
