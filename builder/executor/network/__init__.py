"""The network of a RUN step: a namespace of its own with a way out.

A *way out* connects fresh network namespaces with the world without giving them this
host's loopback: a bridge with address translation (``bridge``), or a user-mode stack
(``pasta``, ``slirp4netns``). ``WaysOut`` tries them in that order.
"""
