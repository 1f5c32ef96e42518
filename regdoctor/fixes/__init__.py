"""What to do about a finding: commands and files per client, planned from observations.

A fix never makes trust in silence: where it installs an authority it says whose and with
which fingerprint, and never tells to take it from the connection that could not be trusted.
"""
