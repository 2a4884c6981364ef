"""What holds for every request: an id, a log line, and that it is counted."""

import logging
import re
import uuid

from keras_seq2seq.serving.responses import CLIENT_GONE
from keras_seq2seq.serving.telemetry import Record

LOGGER = logging.getLogger("keras_seq2seq.serving")
REQUEST_ID = b"x-request-id"
ID = re.compile(rb"[\x21-\x7e]{1,128}")
QUIET = ("/ping", "/metrics")  # asked every few seconds: only errors are logged


class RequestLog:
    """ASGI middleware around the whole application.

    The request's id is the client's `X-Request-Id`, or a new one; the answer
    bears it. `scope["state"]["record"]` is the request's `Record`. What goes
    wrong inside is logged, and goes no further.

    Args:
        app: ASGI application.
        paths: paths that are known; all others are counted as one.
        telemetry: `Telemetry`.
    """

    def __init__(self, app, paths, telemetry):
        self.app = app
        self.paths = frozenset(paths)
        self.telemetry = telemetry

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        record = Record(_id(scope), scope["method"], scope["path"])
        scope.setdefault("state", {})["record"] = record
        mark = (REQUEST_ID, record.request_id.encode())

        async def sending(message):
            if message["type"] == "http.response.start":
                record.status = message["status"]
                headers = [*message.get("headers", ()), mark]
                message = {**message, "headers": headers}
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except Exception:
            LOGGER.exception(
                "internal error", extra={"fields": record.fields()}
            )
        finally:
            self._count(record)

    def _count(self, record):
        if record.status is None:
            record.status = CLIENT_GONE
        known = record.path in self.paths
        self.telemetry.request(record.path if known else "other", record)
        if record.path not in QUIET or record.status >= 400:
            LOGGER.info("request", extra={"fields": record.fields()})


def _id(scope):
    for name, value in scope["headers"]:
        if name == REQUEST_ID and ID.fullmatch(value):
            return value.decode("ascii")
    return uuid.uuid4().hex
