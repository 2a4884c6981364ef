"""Tokens per second from a count that begins anew with each epoch."""


class TokenRate:
    """Turns readings of a cumulative count into a rate.

    Attributes:
        per_second: float or None. Between the last two readings.
    """

    def __init__(self):
        self.per_second = None
        self._last = None

    def restart(self):
        """Forgets the last reading: what follows is no training time."""
        self._last = None

    def read(self, tokens, now):
        """Takes a reading.

        Args:
            tokens: float. Count of this epoch.
            now: float. Seconds of a clock that never goes back.

        Returns:
            float or None. Tokens per second since the reading before.
        """
        last, self._last = self._last, (tokens, now)
        if last is not None and tokens >= last[0] and now > last[1]:
            self.per_second = (tokens - last[0]) / (now - last[1])
        return self.per_second
