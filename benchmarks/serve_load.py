"""Loads an endpoint with many clients, and counts what they are told.

python benchmarks/serve_load.py RUN_DIR --sentences test.en

Starts `keras-seq2seq serve RUN_DIR`. First many clients post good and bad
requests at once: each must be answered, rightly, and the server must not grow.
Then fewer clients post each sentence once, which is timed against `infer`.
"""

import argparse
import asyncio
import collections
import concurrent.futures
import contextlib
import itertools
import json
import multiprocessing
import random
import subprocess
import sys
import threading
import time
import urllib.parse
from pathlib import Path
from typing import NamedTuple

SETTLED = 500  # requests after which memory is measured first
MOST_GROWTH = 50 * 2**20  # bytes, from then on
LEAST_SHARE = 0.8  # of infer's throughput
JSON, LINES = "application/json", "application/jsonlines"
# What nobody should send: method, path, type, body, the status it gets.
BAD = (
    ("POST", "/invocations", JSON, b"{", 400),
    ("POST", "/invocations", JSON, b"", 400),
    ("POST", "/invocations", JSON, b'{"instances": "a b"}', 400),
    ("POST", "/invocations", JSON, b'{"source": "a b"}', 400),
    ("POST", "/invocations", JSON, b'{"instances": [{"data": [4, 5]}]}', 400),
    ("POST", "/invocations", JSON, b'{"instances": [{"data": "\xff"}]}', 400),
    ("POST", "/invocations", LINES, b'{"source": "a"}\n{"source"', 400),
    ("POST", "/invocations", "text/plain", b"a b", 415),
    ("POST", "/invocations", "application/x-recordio-protobuf", b"abc", 400),
    ("POST", "/invocations", JSON, b" " * (7 << 20), 413),
    (
        "POST",
        "/invocations",
        JSON,
        json.dumps({"instances": [{"data": "a " * 5000}]}).encode(),
        413,
    ),
    ("GET", "/invocations", JSON, b"", 405),
    ("POST", "/nowhere", JSON, b"{}", 404),
)


class Request(NamedTuple):
    """A request and what it should be answered.

    Attributes:
        method, path, kind: str; `kind` is the type of the body.
        body: bytes.
        status: int.
        targets: list of str, or None where there is an error.
    """

    method: str
    path: str
    kind: str
    body: bytes
    status: int
    targets: list | None


class Tally(NamedTuple):
    """What many clients were told.

    Attributes:
        answers: Counter of statuses, those of retries not among them.
        retries: int. Answers 429.
        wrong: list of texts, one per answer that should have been another.
        seconds: float.
        growth: int. Bytes that the server grew by after `SETTLED` requests.
    """

    answers: collections.Counter
    retries: int
    wrong: list
    seconds: float
    growth: int


def good_requests(pairs, sentences=3, seed=0):
    """Endless requests of up to so many sentences.

    Args:
        pairs: list of (source, target).
    """
    drawn = random.Random(seed)
    while True:
        some = drawn.choices(pairs, k=drawn.randint(1, sentences))
        yield good_request(some, drawn.choice((JSON, LINES)))


def good_request(pairs, kind=JSON):
    """A request of these (source, target) in one of two types."""
    if kind == JSON:
        body = json.dumps({"instances": [{"data": s} for s, _ in pairs]})
    else:
        body = "".join(json.dumps({"source": s}) + "\n" for s, _ in pairs)
    targets = [target for _, target in pairs]
    return Request("POST", "/invocations", kind, body.encode(), 200, targets)


def mixed_requests(pairs, count, malformed, seed=0):
    """`count` requests, the share `malformed` of them bad, in random order."""
    bad = round(count * malformed)
    requests = [
        *(
            Request(*each, None)
            for each in itertools.islice(itertools.cycle(BAD), bad)
        ),
        *itertools.islice(good_requests(pairs, seed=seed), count - bad),
    ]
    random.Random(seed).shuffle(requests)
    return requests


class Client:
    """One connection that is kept alive as long as the server lets it."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port = parts.hostname, parts.port
        self.reader = self.writer = None

    async def ask(self, method, path, kind, body):
        """Status, headers and body of the answer."""
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(
                self.host, self.port
            )
        head = (
            f"{method} {path} HTTP/1.1\r\nhost: {self.host}\r\n"
            f"content-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        self.writer.write(head.encode() + body)
        # A server that refuses a large body answers before it is all sent.
        lines = (
            (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        )
        headers = dict(
            line.lower().split(": ", 1) for line in lines[1:] if line
        )
        content = await self.reader.readexactly(int(headers["content-length"]))
        if headers.get("connection") == "close":
            self.close()
        return int(lines[0].split()[1]), headers, content

    def close(self):
        """Ends the connection."""
        if self.writer is not None:
            self.writer.transport.abort()
            self.writer = None


def fault(request, status, content):
    """What is wrong with an answer, or None."""
    if status != request.status:
        return f"{status} instead of {request.status} to {request.body[:60]}"
    if request.targets is None:
        return None if json.loads(content)["error"] else "no explanation"
    if request.kind == JSON:
        found = [p["target"] for p in json.loads(content)["predictions"]]
    else:
        lines = content.decode().split("\n")[:-1]
        found = [json.loads(line)["target"] for line in lines]
    if found == request.targets:
        return None
    return f"{found} instead of {request.targets}"


async def load(url, requests, clients):
    """Lets clients share requests.

    Args:
        url: str. Of the endpoint.
        requests: list of `Request`.
        clients: int. How many post at once.

    Returns:
        `Tally`.
    """
    answers, wrong = collections.Counter(), []
    retries, settled = 0, None
    waiting = iter(requests)

    async def work():
        nonlocal retries, settled
        client = Client(url)
        for request in waiting:
            status = 429
            while status == 429:
                status, headers, content = await client.ask(*request[:4])
                if status == 429:
                    retries += 1
                    await asyncio.sleep(int(headers["retry-after"]))
            answers[status] += 1
            if told := fault(request, status, content):
                wrong.append(told)
            if answers.total() == min(SETTLED, len(requests)):
                settled = await resident_bytes(url)
        client.close()

    begin = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(clients)))
    seconds = time.perf_counter() - begin
    growth = await resident_bytes(url) - settled
    return Tally(answers, retries, wrong, seconds, growth)


async def resident_bytes(url):
    """Resident memory of the server, as it says itself."""
    client = Client(url)
    _, _, page = await client.ask("GET", "/metrics", JSON, b"")
    client.close()
    (line,) = [
        line
        for line in page.decode().splitlines()
        if line.startswith("process_resident_memory_bytes")
    ]
    return int(float(line.split()[1]))


@contextlib.contextmanager
def served(model_dir, *flags):
    """The URL of an endpoint in a process of its own, ready."""
    command = [sys.executable, "-m", "keras_seq2seq", "serve", model_dir]
    process = subprocess.Popen(
        [*map(str, command), "--host", "127.0.0.1", "--port", "0", *flags],
        stderr=subprocess.PIPE,
        text=True,
    )
    said = collections.deque(maxlen=40)
    address, ready = [], threading.Event()

    def listen():
        for line in process.stderr:
            said.append(line)
            with contextlib.suppress(ValueError):
                record = json.loads(line)
                if record.get("message") == "listening":
                    address.append(record["address"])
                if record.get("message") == "ready":
                    ready.set()
        ready.set()

    reader = threading.Thread(target=listen)
    reader.start()
    try:
        ready.wait()
        if process.poll() is not None:
            sys.exit("serve ended:\n" + "".join(said))
        yield address[0]
    finally:
        process.terminate()
        process.wait()
        reader.join()
        process.stderr.close()


def reference(model_dir, sentences, flags):
    """What `infer` says, and how many sentences it does in a second.

    Loading the model and making the graphs is not counted: the first pass.
    """
    from keras_seq2seq import inference
    from keras_seq2seq.tasks import DecodeText

    model = inference.load(model_dir, model_params=flags)
    for _ in range(2):
        begin = time.perf_counter()
        said = list(inference.run_tasks(model, [DecodeText()], sentences))
        seconds = time.perf_counter() - begin
    return [text for (text,) in said], len(sentences) / seconds


def measure(arguments):
    """What the script is for; returns a dict and whether all is well."""
    lines = arguments.sentences.read_text("utf-8").splitlines()
    sentences = lines[: arguments.limit]
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
        targets, speed = pool.submit(
            reference, arguments.model_dir, sentences, arguments.model_params
        ).result()
    pairs = list(zip(sentences, targets, strict=True))
    flags = ["--batch_size", str(arguments.batch_size)]
    if arguments.model_params:
        flags += ["--model_params", arguments.model_params]
    queue = str(arguments.queue_size)
    bounds = ["--queue_size", queue, "--max_sentences", queue]
    mixed = mixed_requests(pairs, arguments.requests, arguments.malformed)
    with served(arguments.model_dir, *flags, *bounds) as url:
        tally = asyncio.run(load(url, mixed, arguments.clients))
    size = arguments.sentences_per_request
    each = [
        good_request(pairs[begin : begin + size])
        for begin in range(0, len(pairs), size)
    ]
    with served(arguments.model_dir, *flags) as url:
        asyncio.run(load(url, each, arguments.throughput_clients))
        timed = asyncio.run(load(url, each, arguments.throughput_clients))
    served_speed = len(pairs) / timed.seconds
    found = {
        "answers": dict(sorted(tally.answers.items())),
        "unanswered": arguments.requests - tally.answers.total(),
        "wrong": len(tally.wrong) + len(timed.wrong),
        "retries": tally.retries,
        "growth_mib": tally.growth / 2**20,
        "infer_sentences_per_second": speed,
        "serve_sentences_per_second": served_speed,
        "share": served_speed / speed,
    }
    for line in (tally.wrong + timed.wrong)[:10]:
        print(line, file=sys.stderr)
    well = (
        found["unanswered"] == found["wrong"] == 0
        and tally.growth < MOST_GROWTH
    )
    return found, well


def parse(argv=None):
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    made.add_argument("model_dir")
    made.add_argument("--sentences", type=Path, required=True)
    made.add_argument("--limit", type=int, help="sentences of the file")
    made.add_argument("--model_params", help="YAML, for serve and infer")
    made.add_argument("--clients", type=int, default=200)
    made.add_argument("--requests", type=int, default=5000)
    made.add_argument("--malformed", type=float, default=1 / 3)
    made.add_argument("--queue_size", type=int, default=128)
    made.add_argument("--batch_size", type=int, default=64)
    made.add_argument("--throughput_clients", type=int, default=64)
    made.add_argument("--sentences_per_request", type=int, default=1)
    return made.parse_args(argv)


def main():
    """Prints a JSON object; the exit code is 1 if something is wrong."""
    found, well = measure(parse())
    print(json.dumps(found))
    if found["share"] < LEAST_SHARE:
        print(f"serve has {found['share']:.0%} of infer", file=sys.stderr)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
