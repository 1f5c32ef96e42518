"""What each client's configuration on a host makes of a registry: trust, plain http, mirrors.

Pure functions over ``observations.host.HostFiles``; one file a client, one row in
``regdoctor.clients.table``. Rules that hold for the versions now in use; where versions
differ, the rule of the newest stands here.
"""
