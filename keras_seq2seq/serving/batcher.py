"""Sentences of concurrent requests, decoded together."""

import concurrent.futures
import logging
import math
import threading
import time

from keras_seq2seq.serving.waiting_line import WaitingLine

LOGGER = logging.getLogger("keras_seq2seq.serving")
MEMORY_OF_SPEED = 0.8  # share of the older batches in the mean speed


class QueueFull(Exception):
    """There is no room for a request's sentences.

    Args:
        seconds: int. After which there will be some, most likely.
    """

    def __init__(self, seconds):
        super().__init__(f"again in {seconds} s")
        self.seconds = seconds


class Ticket:
    """A request whose sentences wait or are being decoded.

    Attributes:
        future: `concurrent.futures.Future` of the list of results, in the
            order of the sentences.
        queue_seconds: float. From the arrival to the first batch, or so far.
        decode_seconds: float. From then to the last result, or so far.
    """

    def __init__(self, sentences):
        self.sentences = sentences
        self.future = concurrent.futures.Future()
        # Whoever waits may give up, and must not settle it by that.
        self.future.set_running_or_notify_cancel()
        self._lock = threading.Lock()
        self._results = [None] * len(sentences)
        self._missing = len(sentences)
        self._arrived = time.monotonic()
        self._begun = None
        self._ended = None
        if not sentences:
            self._end()
            self.future.set_result([])

    @property
    def queue_seconds(self):
        return (self._begun or self._now()) - self._arrived

    @property
    def decode_seconds(self):
        return self._now() - self._begun if self._begun else 0.0

    def begin(self):
        """Called when a sentence of it is in a batch."""
        self._begun = self._begun or time.monotonic()

    def finish(self, index, result):
        """Takes the result of a sentence, or the exception in its place."""
        with self._lock:
            if self._ended:
                return
            if isinstance(result, Exception):
                self._end()
                self.future.set_exception(result)
                return
            self._results[index] = result
            self._missing -= 1
            if not self._missing:
                self._end()
                self.future.set_result(self._results)

    def give_up(self):
        """Called when nobody waits for it any more."""
        with self._lock:
            self._end()

    def _end(self):
        self._ended = self._ended or time.monotonic()

    def _now(self):
        return self._ended or time.monotonic()


class Batcher:
    """A bounded queue, and threads that decode what waits in it.

    A batch is decoded when it is full, or when some sentences have waited for
    others for a moment. No result depends on who else is in the batch.

    Args:
        decode: callable from a list of sentences to the list of their results,
            in which an exception stands for the result of its sentence.
        batch_size: int. Sentences decoded at once.
        wait: float. Seconds for which an unfinished batch waits for more.
        capacity: int. Sentences that may wait.
        workers: int. Batches decoded at once, each in a thread of its own.
        observe: callable `(sentences, seconds)`, told of each batch.

    A sentence is an object with a `length` in tokens.
    """

    def __init__(
        self,
        decode,
        batch_size,
        wait,
        capacity,
        workers=1,
        observe=lambda sentences, seconds: None,
    ):
        self.decode = decode
        self.batch_size = batch_size
        self.wait = wait
        self.capacity = capacity
        self.observe = observe
        self._line = WaitingLine()
        self._changed = threading.Condition()
        self._stopping = False
        self._seconds_each = 0.0  # that a sentence takes, the mean of late
        self._threads = [
            threading.Thread(target=self._work, name=f"decode-{n}", daemon=True)
            for n in range(workers)
        ]

    def start(self):
        """Begins to decode."""
        for thread in self._threads:
            thread.start()

    def stop(self):
        """Decodes all that waits, and returns when it is done."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    @property
    def waiting(self):
        """Sentences in the queue."""
        return len(self._line)

    def submit(self, sentences):
        """Lets a request's sentences wait to be decoded.

        Args:
            sentences: list.

        Returns:
            `Ticket`.

        Raises:
            QueueFull: they would be more than may wait.
        """
        ticket = Ticket(sentences)
        with self._changed:
            if len(self._line) + len(sentences) > self.capacity:
                raise QueueFull(self._seconds_until_room())
            self._line.add(ticket, [each.length for each in sentences])
            self._changed.notify_all()
        return ticket

    def cancel(self, ticket):
        """Forgets a request whose answer nobody wants any more."""
        with self._changed:
            self._line.remove(ticket)
        ticket.give_up()

    def _seconds_until_room(self):
        return max(1, math.ceil(len(self._line) * self._seconds_each))

    def _work(self):
        while batch := self._collect():
            begin = time.monotonic()
            for each in batch:
                each.ticket.begin()
            results = self._decoded(
                [w.ticket.sentences[w.index] for w in batch]
            )
            seconds = time.monotonic() - begin
            for each, result in zip(batch, results, strict=True):
                each.ticket.finish(each.index, result)
            self._learn(seconds / len(batch))
            self.observe(len(batch), seconds)

    def _decoded(self, sentences):
        try:
            return self.decode(sentences)
        except Exception as error:
            LOGGER.exception("decoding failed")
            return [error] * len(sentences)

    def _learn(self, seconds):
        old = self._seconds_each or seconds
        self._seconds_each = (
            MEMORY_OF_SPEED * old + (1 - MEMORY_OF_SPEED) * seconds
        )

    def _collect(self):
        """Waits for a batch; none when there is nothing left to do."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._line or self._stopping)
                if not self._line:
                    return []
                self._changed.wait_for(self._enough, self.wait)
                # Another thread, or a client that left, may have emptied it.
                if batch := self._line.take(self.batch_size):
                    return batch

    def _enough(self):
        return len(self._line) >= self.batch_size or self._stopping
