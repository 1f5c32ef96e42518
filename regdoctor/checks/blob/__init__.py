"""Blobs that do not arrive, or not whole, or not from where they are kept."""
