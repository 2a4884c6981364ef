"""The ASGI application: which request gets which answer."""

import asyncio
import itertools

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from keras_seq2seq.serving.batcher import Batcher, QueueFull
from keras_seq2seq.serving.media_types import form_of_request, form_of_response
from keras_seq2seq.serving.refusal import ClientGone, Refusal
from keras_seq2seq.serving.request_log import RequestLog
from keras_seq2seq.serving.responses import (
    ErrorResponse,
    gone,
    has_body,
    read_body,
    until_gone,
)
from keras_seq2seq.serving.telemetry import Telemetry

MEGABYTE = 1 << 20
TRANSFORM_MEGABYTES = 100  # of all requests at once, in SageMaker's transform
QUICK = 1 << 14  # bytes that are worked on while other requests wait
CELL = 10  # bytes of a matrix's number in JSON, the comma included
RETRY_UNREADY = 5  # seconds


class Endpoint:
    """The routes over one model, and whether they are open.

    `app` is the ASGI application. It answers 503 until `open` has been called.
    When `stopping` is set, `/ping` says so, and the rest goes on.

    Args:
        settings: `ServingFlags`.
    """

    def __init__(self, settings):
        self.settings = settings
        self.ready = False
        self.stopping = False
        self.batcher = None
        self.translator = None
        self.telemetry = Telemetry(
            lambda: self.batcher.waiting if self.batcher else 0,
            lambda: self.ready and not self.stopping,
        )
        routes = [
            Route("/ping", self.ping, methods=["GET"]),
            Route("/invocations", self.invocations, methods=["POST"]),
            Route("/execution-parameters", self.parameters, methods=["GET"]),
            Route("/metrics", self.metrics, methods=["GET"]),
        ]
        self._routes = {route.path: route.methods for route in routes}
        inner = Starlette(
            routes=routes,
            exception_handlers={
                HTTPException: self._no_route,
                Refusal: self._refused,
                ClientGone: self._gone,
                Exception: self._broken,
            },
        )
        inner.router.redirect_slashes = False
        self.app = RequestLog(inner, self._routes, self.telemetry)

    def open(self, translator):
        """Begins to answer.

        Args:
            translator: `Translator`, warm.
        """
        self.translator = translator
        self.batcher = Batcher(
            translator,
            self.settings.batch_size,
            self.settings.batch_wait_ms / 1000,
            self.settings.queue_size,
            self.settings.workers,
            self.telemetry.batch,
        )
        self.batcher.start()
        self.ready = True

    def close(self):
        """Decodes what was accepted; call it when all is answered."""
        self.stopping = True
        if self.batcher is not None:
            self.batcher.stop()

    async def ping(self, request):
        """200 if the model is there and warm, 503 if not yet or no more."""
        if self.stopping:
            raise Refusal(503, "the server is stopping.")
        self._check_ready()
        return JSONResponse({"status": "ready"})

    async def parameters(self, request):
        """What SageMaker's batch transform asks before it begins."""
        megabytes = self.settings.max_payload_mb
        at_once = min(
            self.settings.batch_size, TRANSFORM_MEGABYTES // megabytes
        )
        return JSONResponse(
            {
                "MaxConcurrentTransforms": max(1, at_once),
                # The server makes batches itself, of all that comes at once;
                # full payloads would meet the limits of time and sentences.
                "BatchStrategy": "SINGLE_RECORD",
                "MaxPayloadInMB": megabytes,
            }
        )

    async def metrics(self, request):
        """What Prometheus reads."""
        content, media_type = self.telemetry.page()
        return Response(content, headers={"content-type": media_type})

    async def invocations(self, request):
        """Targets of sentences, in the form in which the client sent them."""
        record = request.state.record
        self._check_ready()
        body = await read_body(
            request,
            self.settings.max_payload_mb * MEGABYTE,
            self.settings.read_timeout_s,
        )
        form = form_of_request(request.headers)
        answer_form = form_of_response(request.headers, form)
        sentences = await _in_time(len(body), self._sentences, form, body)
        record.sentences = len(sentences)
        record.source_tokens = sum(each.tokens for each in sentences)
        record.truncated = sum(s.tokens > s.length for s in sentences)
        answers = await self._decoded(request, sentences)
        record.target_tokens = sum(len(each.ids) for each in answers)
        size = len(body) + CELL * sum(map(_cells, answers))
        content = await _in_time(size, answer_form.write, answers)
        headers = {"content-type": answer_form.MEDIA_TYPE}
        if record.truncated:
            headers["x-truncated-instances"] = str(record.truncated)
        return Response(content, headers=headers)

    def _check_ready(self):
        """What comes while the server stops is answered all the same."""
        if not self.ready:
            raise Refusal(
                503,
                "the model is not loaded yet.",
                retry_after=RETRY_UNREADY,
                unread=True,
            )

    def _sentences(self, form, body):
        """The measured sentences of a body."""
        most = self.settings.max_sentences
        instances = list(itertools.islice(form.read(body), most + 1))
        if len(instances) > most:
            raise Refusal(
                413,
                f"expected at most {most} sentences in a request. Received "
                "more. Send several requests.",
            )
        measure = self.translator.sentence
        return [measure(each, i) for i, each in enumerate(instances)]

    async def _decoded(self, request, sentences):
        """The answers to sentences, unless it takes too long."""
        record = request.state.record
        try:
            ticket = self.batcher.submit(sentences)
        except QueueFull as full:
            raise Refusal(
                429,
                f"{self.settings.queue_size} sentences may wait, and there is "
                f"no room for {len(sentences)} more. Try again.",
                retry_after=full.seconds,
            ) from None
        answered = asyncio.wrap_future(ticket.future)
        left = asyncio.ensure_future(until_gone(request))
        try:
            await asyncio.wait(
                (answered, left),
                timeout=self.settings.timeout_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            return self._outcome(answered, left)
        finally:
            left.cancel()
            if not answered.done() or answered.exception() is not None:
                self.batcher.cancel(ticket)
            if not answered.done():
                answered.cancel()
            record.queue_seconds = ticket.queue_seconds
            record.decode_seconds = ticket.decode_seconds

    def _outcome(self, answered, left):
        if answered.done():
            if answered.exception() is None:
                return answered.result()
            raise Refusal(500, "a sentence cannot be decoded; the log has it.")
        if left.done():
            raise ClientGone
        raise Refusal(
            504,
            f"expected to be done within {self.settings.timeout_s:g} s. Send "
            "fewer sentences, or try again when there is less to do.",
        )

    async def _refused(self, request, refusal):
        return ErrorResponse(refusal, request.state.record)

    async def _gone(self, request, error):
        return gone()

    async def _broken(self, request, error):
        refusal = Refusal(500, "internal error; the log has it.")
        return ErrorResponse(refusal, request.state.record)

    async def _no_route(self, request, error):
        methods = self._routes.get(request.url.path)
        message = (
            f"{request.url.path} takes {' and '.join(sorted(methods))}. "
            f"Received {request.method}."
            if methods
            else f"expected one of {', '.join(self._routes)}."
        )
        return ErrorResponse(
            Refusal(error.status_code, message, unread=has_body(request)),
            request.state.record,
            error.headers,
        )


def _cells(answer):
    return 0 if answer.matrix is None else answer.matrix.size


async def _in_time(size, function, *arguments):
    """Calls a function, in a thread if it has so many bytes to work on."""
    if size <= QUICK:
        return function(*arguments)
    return await asyncio.to_thread(function, *arguments)
