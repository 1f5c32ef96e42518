"""The values of a diagnosis: targets, findings, evidence, fixes, open questions, the report.

No I/O, no clock, no network; everything here is frozen and turns into JSON by ``codec``.
"""
