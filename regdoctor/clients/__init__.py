"""What each container client makes of a host's configuration: whom it contacts, whom it trusts.

::

    plan          what goes into an evaluation, and the plan that comes out
    programs      the programs that are evaluated, a row each
    wire, engines how a plan is walked, against servers that are only thought of
    hosts_*       hosts.toml and certs.d, for containerd and what is built on it
    buildkit_*    BuildKit's registry sections
    roots, proxies, credentials, processes, filesystem, authority, version
                  what Go programs have in common
    table, policy and a file a client
                  the simple rules of the newest releases, one row each

Pure functions over ``observations.host.HostFiles``.
"""
