"""Configuration of clients that does not do what it looks like."""
