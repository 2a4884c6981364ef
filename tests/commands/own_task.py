"""A task of a user's own, as `--tasks` names it."""

from keras_seq2seq.tasks import Task


class Count(Task):
    """Says how many tokens were written, and of how many alternatives."""

    n_best = 2

    def __init__(self, unit):
        self.unit = unit

    def __call__(self, generation):
        written = f"{len(generation.tokens)} {self.unit}"
        return f"{written} of {len(generation.alternatives)}"


class NoTask:
    """Lacks what a task has."""
