"""Faults below TLS and in its handshake: names, connections, ports that speak something else."""
