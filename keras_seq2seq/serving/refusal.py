"""What a client is told when its request is not answered."""


class Refusal(Exception):
    """A request that gets an error.

    Args:
        status: int. HTTP status, 400 to 599.
        message: str. What was expected, what was received.
        instance: int or None. Which sentence of the request is to blame,
            counted from 0.
        retry_after: int or None. Seconds after which to try again.
        unread: bool. Whether part of the request's body was not read, so that
            the connection cannot be used again.
    """

    def __init__(
        self, status, message, instance=None, retry_after=None, unread=False
    ):
        super().__init__(message)
        self.status = status
        self.message = message
        self.instance = instance
        self.retry_after = retry_after
        self.unread = unread

    def of_instance(self, index):
        """The same refusal, blaming this sentence of the request."""
        return Refusal(self.status, self.message, instance=index)


class ClientGone(Exception):
    """Nobody is there any more to be answered."""


def shown(value):
    """How a message shows what a client sent: its kind and its beginning."""
    kinds = {
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "a list",
        dict: "an object",
        type(None): "null",
    }
    text = repr(value[:40] if isinstance(value, str | list) else value)
    text = text if len(text) <= 60 else f"{text[:56]} ..."
    return f"{kinds.get(type(value), type(value).__name__)}, {text}"
