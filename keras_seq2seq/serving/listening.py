"""The address on which an endpoint listens."""

import socket

from keras_seq2seq.errors import UserError

BACKLOG = 1024  # connections that wait to be accepted


def listen(host, port):
    """A socket that clients may connect to, once a server accepts.

    Args:
        host: str. Name or address; `0.0.0.0` is every IPv4 one.
        port: int. 0 takes one that is free.

    Raises:
        UserError: an address that is none or not this machine's, or a port in
            use.
    """
    try:
        family, *_, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address, family=family, backlog=BACKLOG)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"--host {host} --port {port}: cannot listen there ({reason}). "
            "Type another --port, or 0 for one that is free."
        ) from None


def url(listening):
    """The URL of a socket of `listen`."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
