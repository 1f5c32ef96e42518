"""What goes wrong when a registry is written to; seen with ``--push`` alone."""
