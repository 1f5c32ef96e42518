"""``git://``: a commit of a repository, checked out into a snapshot.

The host's ``git`` does the work, and is trusted with nothing that a URL, a repository or a
server says: it reads no configuration but ours, runs no hook, asks nobody, and speaks http,
https, git and ssh only. Errors: GitError (SourceError) for a run of it that failed.
"""
