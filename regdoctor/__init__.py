"""Finds out why a registry, a mirror or a certificate stops a build or a pull, and says so.

A probe looks, a check judges, a fix acts, a renderer speaks; no room does two of these.
Arrows point down only::

    cli > render, building, diagnose > probes, checks, fixes > clients, x509, logs
        > observations > model
"""
