"""Errors that a user can mend; the command line prints them bare."""

import tokenize

# What NumPy raises where a file of arrays is not what it should be; it reads
# the header with Python's own parser.
BAD_ARRAY_FILE = (
    ValueError,
    TypeError,
    EOFError,
    OverflowError,
    MemoryError,
    RecursionError,
    SyntaxError,
    tokenize.TokenError,
)


class UserError(ValueError):
    """The user's input is wrong: what was expected, received, and to type."""

    exit_code = 2


class RunInUseError(UserError):
    """Another process writes to the run directory."""

    exit_code = 3


class NotFiniteError(UserError):
    """A loss or a gradient is not a finite number."""

    exit_code = 4


class LostWorkerError(UserError):
    """Another worker of the training has ended."""

    exit_code = 6


class StorageError(UserError):
    """No space, no permission, or a place that cannot be written."""

    exit_code = 5
