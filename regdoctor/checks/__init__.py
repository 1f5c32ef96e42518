"""Pure judgements: observations in, findings out. One file a fault, one row in ``table``."""
