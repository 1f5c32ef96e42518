"""What the distribution specification says of reading, and a registry does otherwise."""
