"""What the endpoint says about itself: Prometheus metrics and log lines."""

import datetime
import json
import logging
import time

import prometheus_client

SECONDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0)
SENTENCES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
PREFIX = "keras_seq2seq_"


class Telemetry:
    """The metrics of one endpoint, in a registry of their own.

    Args:
        waiting: callable, the number of sentences in the queue.
        ready: callable, whether the endpoint answers.
    """

    def __init__(self, waiting, ready):
        self.registry = prometheus_client.CollectorRegistry()
        prometheus_client.ProcessCollector(registry=self.registry)
        self.requests = self._make(
            prometheus_client.Counter,
            "requests",
            "Requests by path and status.",
            labelnames=("path", "status"),
        )
        self.seconds = self._histogram(
            "request_seconds", "From the headers to the answer.", SECONDS
        )
        self.queue_seconds = self._histogram(
            "queue_seconds", "From the queue to the first batch.", SECONDS
        )
        self.decode_seconds = self._histogram(
            "decode_seconds", "From the first batch to the answer.", SECONDS
        )
        self.batches = self._histogram(
            "batch_sentences", "Sentences decoded at once.", SENTENCES
        )
        self.batch_seconds = self._histogram(
            "batch_seconds", "What a batch takes.", SECONDS
        )
        counters = {
            "sentences": "Sentences answered.",
            "source_tokens": "Tokens of the sentences answered.",
            "target_tokens": "Tokens written.",
            "truncated_sentences": "Sentences longer than the model reads.",
        }
        self.counters = {
            name: self._make(prometheus_client.Counter, name, text)
            for name, text in counters.items()
        }
        self._gauge("queued_sentences", "Sentences that wait.", waiting)
        self._gauge("ready", "1 if the endpoint answers.", ready)

    def _make(self, kind, name, text, **options):
        return kind(PREFIX + name, text, registry=self.registry, **options)

    def _histogram(self, name, text, buckets):
        histogram = prometheus_client.Histogram
        return self._make(histogram, name, text, buckets=buckets)

    def _gauge(self, name, text, value):
        self._make(prometheus_client.Gauge, name, text).set_function(
            lambda: float(value())
        )

    def batch(self, sentences, seconds):
        """Counts a batch."""
        self.batches.observe(sentences)
        self.batch_seconds.observe(seconds)

    def request(self, path, record):
        """Counts a request by its `Record`."""
        self.requests.labels(path, str(record.status)).inc()
        self.seconds.observe(record.seconds)
        if record.queue_seconds is not None:
            self.queue_seconds.observe(record.queue_seconds)
            self.decode_seconds.observe(record.decode_seconds)
        if record.status == 200:
            self.counters["sentences"].inc(record.sentences)
            self.counters["source_tokens"].inc(record.source_tokens)
            self.counters["target_tokens"].inc(record.target_tokens)
            self.counters["truncated_sentences"].inc(record.truncated)

    def page(self):
        """What `GET /metrics` answers: bytes and their type."""
        return (
            prometheus_client.generate_latest(self.registry),
            prometheus_client.CONTENT_TYPE_LATEST,
        )


class Record:
    """What is known about a request, filled in as it goes on.

    Attributes:
        request_id: str.
        method, path: str.
        status: int or None. None before it is known; 499: the client left.
        sentences, source_tokens, target_tokens: int.
        truncated: int. Sentences of which the model reads the beginning.
        queue_seconds, decode_seconds: float, or None if it did not come to
            that.
        error: str or None. What the client was told.
    """

    def __init__(self, request_id, method, path):
        self.request_id = request_id
        self.method = method
        self.path = path
        self.status = None
        self.sentences = self.source_tokens = self.target_tokens = 0
        self.truncated = 0
        self.queue_seconds = self.decode_seconds = self.error = None
        self._begun = time.monotonic()

    @property
    def seconds(self):
        """Seconds since the headers were read."""
        return time.monotonic() - self._begun

    def fields(self):
        """What a log line says, as a dict."""
        found = {
            "request_id": self.request_id,
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "seconds": round(self.seconds, 4),
        }
        if self.sentences:
            found |= {
                "sentences": self.sentences,
                "source_tokens": self.source_tokens,
                "target_tokens": self.target_tokens,
                "truncated": self.truncated,
            }
        if self.queue_seconds is not None:
            found |= {
                "queue_seconds": round(self.queue_seconds, 4),
                "decode_seconds": round(self.decode_seconds, 4),
            }
        if self.error is not None:
            found["error"] = self.error
        return found


class JsonFormatter(logging.Formatter):
    """One JSON object per line; `extra={"fields": {...}}` adds to it."""

    def format(self, record):
        moment = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        line = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def log_as_json(stream):
    """Sends what this package and the server log to a stream, as JSON lines."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    levels = {
        "keras_seq2seq": logging.INFO,
        "uvicorn": logging.WARNING,
        "tensorflow": logging.ERROR,  # warnings are for its developers
    }
    for name, level in levels.items():
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(level)
        logger.propagate = False
