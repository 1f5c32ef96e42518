"""The build graph: ops, the bytes that BuildKit itself writes for them, and their digests.

``ops`` are frozen dataclasses; ``wire`` turns them into protobuf and back; ``definition`` is
a whole graph as it travels; ``graph`` is the graph that the solver walks; ``state`` is how a
frontend builds one. Malformed input raises ``LLBError`` and nothing else.
"""
