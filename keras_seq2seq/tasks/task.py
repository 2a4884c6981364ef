"""What a task is."""

import contextlib


class Task:
    """Does something with each `Generation`, in the order of the input.

    One pass over the input serves several tasks. A class of your own inherits
    from this one and needs no more than a call:

        class Lengths(Task):
            def __call__(self, generation):
                return str(len(generation.tokens))

    `infer --tasks '[{class: my_module.Lengths}]' --allow_import my_module`
    makes it with the `params` beside its class as arguments.

    Attributes:
        needs_attention: bool. Whether `generation.attention` must be there.
        needs_history: bool. Whether `generation.history` must be there; asks
            for beam search.
        needs_log_probs: bool. Whether `generation.log_prob` and `score` must
            be there; text alone is written faster without.
        n_best: int. Hypotheses wanted: the generation and its `alternatives`.
    """

    needs_attention = False
    needs_history = False
    needs_log_probs = True
    n_best = 1

    def begin(self, model, search):
        """Called once, before anything is read.

        Args:
            model: what generates, such as `Seq2Seq`.
            search: the search that it uses.
        """

    def __call__(self, generation):
        """Called once for each line of the input, blank ones too.

        Args:
            generation: `Generation`.

        Returns:
            str, to be written to standard output with a line end after it, or
            None for nothing.
        """
        raise NotImplementedError(f"{type(self).__name__} must have a call")

    def end(self, error=None):
        """Called once, after the last generation.

        Args:
            error: the exception that ended the pass too early, or None.
        """


@contextlib.contextmanager
def running(task, model, search):
    """Begins a task, and ends it however the block ends."""
    try:
        task.begin(model, search)
        yield task
    except BaseException as error:
        task.end(error)
        raise
    task.end()
