"""What turns a definition into results: ``local`` solves it here.

Errors: StateError (BuilderError) for a state directory that cannot be used; SolveError of
the solver passes through.
"""
