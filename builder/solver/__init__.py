"""Graph to results: scheduling, cache keys, merging of equal work, cancellation.

The solver knows vertices, edges, digests and ops, and nothing about containers. Start with
``types`` (what it is given), then ``scheduler`` (how an edge is solved) and ``cachestore``
(what is remembered). Errors are drawn in ``errors``.
"""
