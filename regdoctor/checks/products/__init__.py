"""Which product it is, and what is known of it."""
