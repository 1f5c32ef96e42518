"""Dockerfiles whose meaning BuildKit's own frontend decides: the same graph, the same refusal.

``cases`` reads the corpus, ``judge`` asks the frontend (a Go program of ``tests/peers``), ``ours``
answers in its shape, ``compare`` lists where the two differ.
"""
