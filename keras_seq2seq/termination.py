"""How a training ends when it is asked to."""

import logging
import signal

LOGGER = logging.getLogger("keras_seq2seq")


class Termination:
    """Leaves on SIGTERM or SIGINT with 128 + signal; saves first.

    A context manager. Before `save_with` has been called there is nothing to
    save, and a second signal does not wait: both leave at once, and a run
    goes on from its newest checkpoint.
    """

    def __init__(self):
        self._retention = None
        self._asked = False
        self._earlier = {}

    def save_with(self, retention):
        """From now on the step or evaluation in progress is finished and
        saved by this `CheckpointRetention` first."""
        self._retention = retention

    def __enter__(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            try:
                self._earlier[number] = signal.signal(number, self._leave)
            except ValueError:  # not in the main thread: somebody else's
                break
        return self

    def __exit__(self, *_):
        for number, handler in self._earlier.items():
            signal.signal(number, handler)

    def _leave(self, number, frame):
        def leave():
            raise SystemExit(128 + number)

        if self._retention is None or self._asked:
            leave()
        self._asked = True
        self._retention.request_save(then=leave)
        LOGGER.warning(
            "%s: leaving when the step or evaluation in progress is finished "
            "and saved. Once more leaves at once.",
            signal.Signals(number).name,
        )
