"""Manifests that are not served, or not the way clients ask for them."""
