"""Agents of ssh, lent to steps and to git: to sign with, and for nothing else.

``agents`` makes the sockets; behind one is either the user's own agent, reached through a
filter, or a keyring of ours with the key files that were named. The protocol is that of
draft-ietf-sshm-ssh-agent.
"""
