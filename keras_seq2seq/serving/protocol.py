"""HTTP connections on which a client may dawdle nowhere.

Uvicorn waits for ever for the end of headers and for who reads nothing of an
answer, and httptools stores what comes.
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_BYTES = 1 << 16  # of request line and headers
SPARE = 5  # seconds for the last answers to reach their clients
LATE = (408, "Request Timeout", "expected the headers within {:g} s.")
LARGE = (431, "Request Header Fields Too Large", "expected less headers.")


class TimedProtocol(HttpToolsProtocol):
    """Uvicorn's protocol with bounds on what a client lets it wait for.

    Args:
        seconds: float. Time for the headers of a request, from the first byte
            or, on a new connection, from its beginning; and for a client to
            go on reading its answer.
        **options: of uvicorn's protocol.
    """

    def __init__(self, *arguments, seconds, **options):
        super().__init__(*arguments, **options)
        self._seconds = seconds
        self._timer = None
        self._heads = 0
        self._begun = False
        # Bytes of the head so far, counted twice: in chunks that end before
        # it, since the parser keeps a line to itself until that is whole,
        # and in parsed lines, since its last chunk may hold a body as well.
        self._raw = 0
        self._parsed = 0
        self._refused = False
        self._answers = 0
        self._reader = None
        self._stopping = False

    def connection_made(self, transport):
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, error):
        self._head_ended()
        self._stop_watching()
        super().connection_lost(error)

    def data_received(self, data):
        before = self._heads
        open_before = self._timer is not None
        idle = self.timeout_keep_alive_task
        super().data_received(data)
        if idle is not None:
            self._go_on_idling(idle.when())
        if open_before and self._timer is not None and before == self._heads:
            self._raw += len(data)
            if self._raw > MOST_BYTES:
                self._refuse(*LARGE)

    def on_response_complete(self):
        super().on_response_complete()
        self._answers += 1
        if self._reader is None or self._stopping:
            self._watch_reader()

    def shutdown(self):
        self._stopping = True
        super().shutdown()
        self._watch_reader()

    def on_message_begin(self):
        super().on_message_begin()
        if self._timer is None and not self._refused:
            self._expect_head()
        self._begun = True

    def on_url(self, url):
        super().on_url(url)
        self._parsed += len(url)

    def on_header(self, name, value):
        super().on_header(name, value)
        self._parsed += len(name) + len(value) + len(": \r\n")

    def on_headers_complete(self):
        self._head_ended()
        if self._parsed > MOST_BYTES:
            self._refuse(*LARGE)
        if not self._refused:
            super().on_headers_complete()

    def on_body(self, body):
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self):
        if not self._refused:
            super().on_message_complete()

    def _go_on_idling(self, until):
        """What came ended the time of rest, though it begins no request."""
        if (
            self.cycle.response_complete
            and self._timer is None
            and not self.transport.is_closing()
        ):
            self.timeout_keep_alive_task = self.loop.call_at(
                until, self.timeout_keep_alive_handler
            )

    def _watch_reader(self):
        """Gives a client time to read some of what is written."""
        self._stop_watching()
        unread = self.transport.get_write_buffer_size()
        if unread:
            self._reader = self.loop.call_later(
                SPARE if self._stopping else self._seconds,
                self._check_reader,
                self._answers,
                unread,
            )

    def _check_reader(self, answers, before):
        unread = self.transport.get_write_buffer_size()
        stuck = answers == self._answers and unread >= before
        if unread and (stuck or self._stopping):
            self.transport.abort()
        else:
            self._watch_reader()

    def _stop_watching(self):
        if self._reader is not None:
            self._reader.cancel()
            self._reader = None

    def _expect_head(self):
        self._heads += 1
        self._raw = self._parsed = 0
        self._begun = False
        self._timer = self.loop.call_later(self._seconds, self._late)

    def _head_ended(self):
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self):
        if self._begun or self._raw:
            status, name, message = LATE
            self._refuse(status, name, message.format(self._seconds))
        else:
            self.transport.close()

    def _refuse(self, status, name, message):
        self._head_ended()
        self._refused = True
        if self.transport.is_closing():
            return
        content = f'{{"error": "{message}"}}'
        self.transport.write(
            f"HTTP/1.1 {status} {name}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(content)}\r\nconnection: close\r\n\r\n"
            f"{content}".encode("ascii")
        )
        self.transport.close()
        self._watch_reader()
