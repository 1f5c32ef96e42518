"""What each op does when it is solved: source, exec, file, merge.

Errors: OpError (BuilderError) for an op that asks for the impossible; errors of the rooms
below (snapshot, executor, registry) pass through.
"""
