"""Cases that were executed with real clients, replayed against the evaluator."""
