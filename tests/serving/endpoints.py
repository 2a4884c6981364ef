"""Endpoints in this process, over a model that is no more than a rule."""

import argparse
import contextlib
import http.client
import json
import threading
import time

import numpy as np

from keras_seq2seq.config.serving_flags import serving_flags
from keras_seq2seq.serving.exchange import Answer, Sentence
from keras_seq2seq.serving.listening import listen
from keras_seq2seq.serving.refusal import Refusal
from keras_seq2seq.serving.server import Server

JSON = "application/json"
LINES = "application/jsonlines"
RECORDS = "application/x-recordio-protobuf"


class Backwards:
    """Writes the words of a sentence from the last to the first.

    `held()` keeps it from going on; the word `poison` cannot be translated.
    """

    def __init__(self):
        self.batches = []
        self.at_work = threading.Semaphore(0)
        self._free = threading.Event()
        self._free.set()

    def warming(self):
        yield

    @contextlib.contextmanager
    def held(self):
        self._free.clear()
        try:
            yield
        finally:
            self.go_on()

    def go_on(self):
        self._free.set()

    def sentence(self, instance, index):
        source = instance.source
        words = source.split() if isinstance(source, str) else source
        if len(words) > 1000:
            raise Refusal(413, "expected less", index)
        read = words[:6]
        return Sentence(read, len(read), len(words), instance.with_matrix)

    def __call__(self, sentences):
        self.batches.append([each.source for each in sentences])
        self.at_work.release()
        self._free.wait(20)
        return [_backwards(each) for each in sentences]


def _backwards(sentence):
    words = sentence.source[::-1]
    if "poison" in words:
        return RuntimeError("a secret of the server")
    if isinstance(words, tuple):
        return Answer(" ".join(map(str, words)), words)
    matrix = None
    if sentence.with_matrix:
        matrix = np.eye(len(words))[::-1]
    return Answer(" ".join(words), tuple(range(4, 4 + len(words))), matrix)


def settings(**flags):
    """Checked flags; `port` 0 unless it is given."""
    return serving_flags(
        argparse.Namespace(
            model_dir=["run"],
            allow_import=[],
            **{"host": "127.0.0.1", "port": 0, **flags},
        )
    )


class Running:
    """A server in a thread, and a client of it.

    Attributes:
        port: int.
        rule: `Backwards`.
        server: `Server`.
        thread: Thread. Where its event loop runs.
    """

    def __init__(self, rule, server, listening):
        self.rule = rule
        self.server = server
        self.thread = threading.Thread(
            target=server.serve_on, args=(listening,)
        )
        self.port = listening.getsockname()[1]

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def ask(self, path, body=None, kind=JSON, method=None, **headers):
        """Status, headers and body of an answer."""
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        if kind is not None and body is not None:
            headers["content-type"] = kind
        connection = self.connection()
        method = method or ("GET" if body is None else "POST")
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def invoke(self, body, kind=JSON, **headers):
        """Status and body of an invocation; JSON is read."""
        body = json.dumps(body) if isinstance(body, dict | list) else body
        body = body.encode() if isinstance(body, str) else body
        status, found, content = self.ask("/invocations", body, kind, **headers)
        if found["content-type"] == JSON:
            content = json.loads(content)
        return status, content

    def translate(self, *texts):
        """The targets of texts."""
        body = {"instances": [{"data": text} for text in texts]}
        status, answer = self.invoke(body)
        assert status == 200, answer
        return [each["target"] for each in answer["predictions"]]

    def metric(self, name):
        """The value of a metric, by the beginning of its line."""
        _, _, page = self.ask("/metrics")
        (line,) = [
            line
            for line in page.decode().splitlines()
            if line.startswith(f"keras_seq2seq_{name} ")
            or line.startswith(f"keras_seq2seq_{name}{{")
        ]
        return float(line.split()[-1])


@contextlib.contextmanager
def running(rule=None, wait=True, **flags):
    """A `Running` endpoint, ready if `wait`, that ends with the block."""
    rule = rule or Backwards()
    listening = listen("127.0.0.1", 0)
    server = Server(settings(**flags), lambda: rule)
    found = Running(rule, server, listening)
    found.thread.start()
    try:
        if wait:
            wait_for(lambda: found.ask("/ping")[0] == 200)
        yield found
    finally:
        server.should_exit = True
        found.thread.join(30)
        assert not found.thread.is_alive()


def wait_for(happens, seconds=20):
    """Waits until something is true."""
    until = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < until, "it does not happen"
        time.sleep(0.01)
