"""Real clients on trees that nobody ran before, and the evaluator's word beside what they did.

A tree is the files and the environment of a host, the servers around it and a command, in the shape
of an executed case (``tests/replay``) without its outcome.

::

    trees       the seeded generator: servers, environments, roots
    *_trees     what each family of clients reads: registries.conf, hosts.toml, daemon.json ...
    clients     the programs, and the release of each that is run
    worker      one process in a network and a mount namespace of its own; runs trees one by one
    sandbox     the root directory of one run, and the namespaces of its program
    scripts     the shell line of each client, with the start of its daemon
    servers     the servers of a tree on real sockets, and what came into contact with them
    names       a resolver that knows no name, and tells which were asked for
    pki         certificates of the names of the cases with their keys, made anew for each run
    image       the image that every server has: a manifest, a config and one layer
    compare     many workers, the prediction beside each run, and a miss for a person
"""
