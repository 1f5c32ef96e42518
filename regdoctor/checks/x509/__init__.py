"""Faults of certificates, as Go's verifier judges them for each client."""
