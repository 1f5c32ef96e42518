"""Challenges, token servers, credentials."""
