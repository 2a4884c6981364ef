import threading
import time
from typing import NamedTuple

import pytest

from keras_seq2seq.serving.batcher import Batcher, QueueFull


class Word(NamedTuple):
    text: str
    length: int = 1


class Upper:
    """Decodes to capitals; `gate` keeps it from going on."""

    def __init__(self):
        self.sizes = []
        self.gate = threading.Event()
        self.begun = threading.Event()

    def __call__(self, words):
        self.begun.set()
        self.gate.wait(20)
        self.sizes.append(len(words))
        if any(word.text == "crash" for word in words):
            raise RuntimeError("the whole batch is lost")
        return [
            ValueError(word.text) if word.text == "bad" else word.text.upper()
            for word in words
        ]


@pytest.fixture
def upper():
    return Upper()


@pytest.fixture
def batcher(upper):
    """Four at once, of at most ten that wait."""
    found = Batcher(upper, batch_size=4, wait=0.0, capacity=10)
    found.start()
    yield found
    upper.gate.set()
    found.stop()


def words(text):
    return [Word(each) for each in text.split()]


def test_results_come_in_the_order_of_the_request(batcher, upper):
    upper.gate.set()
    tickets = [batcher.submit(words(text)) for text in ("a b c", "d", "")]
    found = [ticket.future.result(20) for ticket in tickets]
    assert found == [["A", "B", "C"], ["D"], []]


def test_batches_are_full_when_enough_wait(batcher, upper):
    first = batcher.submit(words("first"))
    assert upper.begun.wait(20)
    later = [batcher.submit([Word(str(n))]) for n in range(8)]
    upper.gate.set()
    for ticket in (first, *later):
        ticket.future.result(20)
    assert upper.sizes == [1, 4, 4]


def test_an_unfinished_batch_waits_for_more(upper):
    upper.gate.set()
    batcher = Batcher(upper, batch_size=3, wait=20.0, capacity=10)
    batcher.start()
    tickets = [batcher.submit([Word(str(n))]) for n in range(3)]
    for ticket in tickets:
        ticket.future.result(10)
    assert upper.sizes == [3]
    last = batcher.submit(words("last"))
    batcher.stop()  # does not wait
    assert last.future.result(0) == ["LAST"]


def test_no_more_than_the_queue_holds_may_wait(batcher, upper):
    batcher.submit(words("first"))
    assert upper.begun.wait(20)
    batcher.submit(words("a b c d e f g h"))
    with pytest.raises(QueueFull) as full:
        batcher.submit(words("i j k"))
    assert full.value.seconds >= 1
    assert batcher.waiting == 8
    batcher.submit(words("i j"))


def test_the_time_to_try_again_follows_the_speed(upper):
    batcher = Batcher(upper, batch_size=1, wait=0.0, capacity=100)
    batcher.submit(words("a " * 100))
    seconds = []
    for each in (0.001, 0.1):
        batcher._learn(each)
        with pytest.raises(QueueFull) as full:
            batcher.submit(words("b"))
        seconds.append(full.value.seconds)
    assert seconds[0] == 1
    assert seconds[1] > 1


def test_what_is_cancelled_is_not_decoded(batcher, upper):
    batcher.submit(words("first"))
    assert upper.begun.wait(20)
    gone = batcher.submit(words("a b c"))
    kept = batcher.submit(words("d"))
    batcher.cancel(gone)
    assert batcher.waiting == 1
    upper.gate.set()
    assert kept.future.result(20) == ["D"]
    assert upper.sizes == [1, 1]
    assert not gone.future.done()


def test_what_is_cancelled_while_it_is_decoded_does_no_harm(batcher, upper):
    gone = batcher.submit(words("a"))
    assert upper.begun.wait(20)
    batcher.cancel(gone)
    upper.gate.set()
    assert batcher.submit(words("b")).future.result(20) == ["B"]


def test_an_exception_belongs_to_its_own_request(batcher, upper):
    batcher.submit(words("first"))
    assert upper.begun.wait(20)
    bad, good = (batcher.submit(words(text)) for text in ("a bad c", "d"))
    upper.gate.set()
    assert good.future.result(20) == ["D"]
    with pytest.raises(ValueError, match="bad"):
        bad.future.result(20)


def test_a_worker_outlives_a_decoder_that_fails(batcher, upper):
    upper.gate.set()
    with pytest.raises(RuntimeError):
        batcher.submit(words("crash")).future.result(20)
    assert batcher.submit(words("a")).future.result(20) == ["A"]


def test_stopping_decodes_what_waits(batcher, upper):
    tickets = [batcher.submit(words("a b c")) for _ in range(3)]
    upper.gate.set()
    batcher.stop()
    assert [t.future.result(0) for t in tickets] == [["A", "B", "C"]] * 3


def test_clocks_run_from_queue_to_answer(batcher, upper):
    batcher.submit(words("first"))
    assert upper.begun.wait(20)
    ticket = batcher.submit(words("a"))
    time.sleep(0.05)
    assert ticket.queue_seconds >= 0.05
    assert ticket.decode_seconds == 0
    upper.gate.set()
    ticket.future.result(20)
    queue, decode = ticket.queue_seconds, ticket.decode_seconds
    assert queue >= 0.05
    assert (ticket.queue_seconds, ticket.decode_seconds) == (queue, decode)


def test_several_workers_lose_nothing(upper):
    seen = []
    batcher = Batcher(
        upper,
        batch_size=3,
        wait=0.001,
        capacity=10_000,
        workers=3,
        observe=lambda sentences, seconds: seen.append(sentences),
    )
    batcher.start()
    upper.gate.set()
    tickets = [batcher.submit(words("a b c d e")) for _ in range(200)]
    for ticket in tickets:
        assert ticket.future.result(20) == ["A", "B", "C", "D", "E"]
    batcher.stop()
    assert sum(seen) == 1000
    assert max(seen) == 3
