"""Times of ours beside those of the real builders, in one run on one machine: ``make bench``."""
