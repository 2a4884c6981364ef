import socket

import pytest

from keras_seq2seq.errors import UserError
from keras_seq2seq.serving.listening import listen, url


def test_a_socket_listens_where_it_says():
    with listen("127.0.0.1", 0) as listening:
        address = url(listening)
        host, port = address.removeprefix("http://").split(":")
        socket.create_connection((host, int(port)), 5).close()


def test_a_port_in_use_is_named():
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(UserError, match=f"--port {port}.*another --port"):
            listen("127.0.0.1", port)


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(UserError, match="--host 192.0.2.1"):
        listen("192.0.2.1", 0)
    with pytest.raises(UserError, match="--host no.such.name.invalid"):
        listen("no.such.name.invalid", 0)


def test_a_name_that_can_be_none_is_refused():
    with pytest.raises(UserError, match="--host a..b"):
        listen("a..b", 0)
