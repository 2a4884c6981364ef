"""Counts the optimizer's steps without asking the device each time."""

from keras_seq2seq.checkpoint.variable_value import steps_made


class StepCounter:
    """The optimizer's step as a Python number.

    Read once from `optimizer.iterations` as training begins or is restored,
    then counted along with the batches.

    Attributes:
        step: int. Updates made so far.
    """

    def __init__(self):
        self.step = 0
        self._batches = 0
        self._first = 0
        self._per_step = 1

    def start(self, optimizer):
        """Reads the step from the optimizer; waits for the device."""
        self._per_step = optimizer.gradient_accumulation_steps or 1
        self.step = steps_made(optimizer)
        self._batches = self.step * self._per_step

    def begin(self, batch):
        """Notes the batch that `on_train_batch_begin` names."""
        self._first = batch

    def end(self, batch):
        """Counts up to the batch that `on_train_batch_end` names.

        Several batches lie between the two with `steps_per_execution`.

        Returns:
            int. Updates made so far.
        """
        self._batches += batch - self._first + 1
        self.step = self._batches // self._per_step
        return self.step
