"""What clients get: JSON, errors in JSON, and connections that end well."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from keras_seq2seq.serving.refusal import ClientGone, Refusal

CLIENT_GONE = 499  # nginx's word for it; nobody reads it but the log
LINGER = 2.0  # seconds for which a client may go on sending in vain


class ErrorResponse(JSONResponse):
    """`{"error": message, "instance": index, "request_id": id}`.

    If part of the request was not read, the connection ends, but not at once:
    a client that is still sending would never read the answer.

    Args:
        refusal: `Refusal`.
        record: `Record` of the request, which keeps the message.
        headers: mapping of more headers, or None.
    """

    def __init__(self, refusal, record, headers=None):
        record.error = refusal.message
        content = {"error": refusal.message, "request_id": record.request_id}
        if refusal.instance is not None:
            content["instance"] = refusal.instance
        headers = dict(headers or {})
        if refusal.retry_after is not None:
            headers["retry-after"] = str(refusal.retry_after)
        if refusal.unread:
            headers["connection"] = "close"
        super().__init__(content, refusal.status, headers)
        self.unread = refusal.unread

    async def __call__(self, scope, receive, send):
        if not self.unread:
            await super().__call__(scope, receive, send)
            return
        start = {"type": "http.response.start", "status": self.status_code}
        body = {"type": "http.response.body", "body": self.body}
        await send({**start, "headers": self.raw_headers})
        await send({**body, "more_body": True})
        try:
            async with asyncio.timeout(LINGER):
                while (await receive()).get("more_body", False):
                    pass
        except TimeoutError:
            pass
        await send({"type": "http.response.body", "body": b""})


def gone():
    """The response that nobody reads."""
    return Response(status_code=CLIENT_GONE)


def has_body(request: Request):
    """Whether a request says that it has a body."""
    length = request.headers.get("content-length", "0")
    return length.strip("0") != "" or "transfer-encoding" in request.headers


async def read_body(request: Request, most, seconds):
    """The body of a request, as bytes.

    Args:
        request: Starlette's request.
        most: int. Bytes that are accepted.
        seconds: float. Time in which it must have come.

    Raises:
        Refusal: 413, before more than that was read; 408.
        ClientGone: the client left.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise _too_large(most, f"{int(declared):,} bytes")
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                body += message.get("body", b"")
                if len(body) > most:
                    raise _too_large(most, "more")
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        raise Refusal(
            408,
            f"expected the whole body within {seconds:g} s. Received "
            f"{len(body):,} bytes.",
            unread=True,
        ) from None


async def until_gone(request: Request):
    """Returns when the client of a request, whose body is read, has left."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _too_large(most, received):
    return Refusal(
        413,
        f"expected a body of at most {most:,} bytes. Received {received}.",
        unread=True,
    )
