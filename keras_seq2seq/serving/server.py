"""The process that serves: a socket, a model, and an orderly end."""

import asyncio
import contextlib
import functools
import logging
import math
import signal
import threading

import uvicorn

from keras_seq2seq.serving.app import Endpoint
from keras_seq2seq.serving.listening import BACKLOG, url
from keras_seq2seq.serving.protocol import SPARE, TimedProtocol

LOGGER = logging.getLogger("keras_seq2seq.serving")
KEEP_ALIVE = 75  # seconds; load balancers end idle connections after 60
LAST_TURNS, TURN = 10, 0.05  # of the event loop before the socket is closed


class Server(uvicorn.Server):
    """Serves an endpoint whose model is loaded while it already listens.

    Args:
        settings: `ServingFlags`.
        load: callable without arguments that returns a `Translator`.
    """

    def __init__(self, settings, load):
        self.load = load
        self.endpoint = Endpoint(settings)
        self.failure = None
        patience = settings.read_timeout_s + settings.timeout_s + SPARE
        super().__init__(
            uvicorn.Config(
                self.endpoint.app,
                http=functools.partial(
                    TimedProtocol, seconds=settings.read_timeout_s
                ),
                ws="none",
                lifespan="off",
                backlog=BACKLOG,
                access_log=False,
                log_config=None,
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=math.ceil(patience),
            )
        )

    def handle_exit(self, sig, frame):
        """Says that no more requests are welcome, and ends when all that
        came are answered."""
        self.endpoint.stopping = True
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets=None):
        """Stops accepting, behind what stands in the kernel's queue.

        To close a socket resets connections that nobody has accepted, though
        their clients have sent their requests.
        """
        for _ in range(LAST_TURNS):
            await asyncio.sleep(TURN)
        await super().shutdown(sockets)

    def serve_on(self, listening):
        """Serves until a signal comes; what was accepted is answered.

        Args:
            listening: socket, see `listen`.

        Returns:
            int: 128 + the signal.

        Raises:
            Exception: whatever loading the model raised.
        """
        loader = threading.Thread(target=self._open, name="load", daemon=True)
        with self._signals() as received:
            LOGGER.info(
                "listening", extra={"fields": {"address": url(listening)}}
            )
            loader.start()
            self.run(sockets=[listening])
            loader.join()
            self.endpoint.close()
        if self.failure is not None:
            raise self.failure
        LOGGER.info("stopped")
        return 128 + received[-1] if received else 0

    def _open(self):
        try:
            translator = self.load()
            for _ in translator.warming():
                if self.endpoint.stopping:
                    return
        except BaseException as error:
            self.failure = error
            self.endpoint.stopping = True
            self.should_exit = True
            return
        self.endpoint.open(translator)
        LOGGER.info("ready")

    @contextlib.contextmanager
    def _signals(self):
        """Collects what uvicorn raises again when it has ended by a signal."""
        received, earlier = [], {}

        def receive(number, frame):
            received.append(number)
            self.should_exit = True

        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                earlier[number] = signal.signal(number, receive)
        try:
            yield received
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)
