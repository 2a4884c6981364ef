import contextlib
import json
import logging
import socket
import threading
import time

import numpy as np
import pytest

from keras_seq2seq.data.record_proto import write_record
from keras_seq2seq.data.recordio import frame
from keras_seq2seq.errors import UserError
from keras_seq2seq.serving import json_body, protocol, responses, server
from keras_seq2seq.serving.exchange import Answer
from keras_seq2seq.serving.listening import listen
from keras_seq2seq.serving.server import Server
from tests.serving.endpoints import (
    JSON,
    LINES,
    RECORDS,
    Backwards,
    running,
    settings,
    wait_for,
)

NOTHING = {"instances": []}


def instances(*texts):
    return {"instances": [{"data": text} for text in texts]}


@pytest.fixture(scope="module")
def endpoint():
    with running(
        queue_size=40, max_sentences=30, max_payload_mb=1, batch_wait_ms=0
    ) as found:
        yield found


@pytest.fixture
def occupied(endpoint):
    """The endpoint while it is decoding and cannot go on."""
    with endpoint.rule.held():
        while endpoint.rule.at_work.acquire(blocking=False):
            pass
        first = in_background(endpoint.translate, "first")
        assert endpoint.rule.at_work.acquire(timeout=20)
        yield endpoint
    first()


def in_background(function, *arguments):
    """Begins a call; what is returned waits for its result."""
    found = []
    thread = threading.Thread(target=lambda: found.append(function(*arguments)))
    thread.start()

    def result():
        thread.join(30)
        return found[0]

    return result


# What is answered ---------------------------------------------------------


def test_json_is_answered_as_documented(endpoint):
    body = {
        "instances": [
            {"data": "tok tik tak"},
            {
                "data": "a b",
                "configuration": {"attention_matrix": "true"},
            },
        ]
    }
    matrix = [[0.0, 1.0], [1.0, 0.0]]
    assert endpoint.invoke(body) == (
        200,
        {
            "predictions": [
                {"target": "tak tik tok"},
                {"target": "b a", "matrix": matrix},
            ]
        },
    )


def test_a_line_of_json_is_answered_by_a_line(endpoint):
    body = '{"source": "a b"}\n{"source": ""}\n{"source": "c é d"}\n'
    status, answer = endpoint.invoke(body, LINES)
    assert status == 200
    assert answer.decode() == (
        '{"target": "b a"}\n{"target": ""}\n{"target": "d é c"}\n'
    )


def test_a_record_of_ids_is_answered_by_a_record(endpoint):
    rows = [[4, 5, 300], [7]]
    body = b"".join(frame(write_record({"source": row})) for row in rows)
    status, answer = endpoint.invoke(body, RECORDS)
    expected = [frame(write_record({"target": row[::-1]})) for row in rows]
    assert (status, answer) == (200, b"".join(expected))


def test_the_answer_has_the_type_of_the_request(endpoint):
    bodies = {JSON: json.dumps(NOTHING), LINES: "", RECORDS: b""}
    for kind, body in bodies.items():
        _, headers, _ = endpoint.ask("/invocations", body, kind)
        assert headers["content-type"] == kind


def test_another_type_may_be_asked_for(endpoint):
    body = '{"source": "a b"}\n'
    answer = endpoint.invoke(body, LINES, accept=JSON)
    assert answer == (200, {"predictions": [{"target": "b a"}]})
    status, _ = endpoint.invoke(body, LINES, accept="text/html")
    assert status == 406


@pytest.mark.parametrize("text", ["", "   "])
def test_an_empty_text_has_an_empty_target(endpoint, text):
    assert endpoint.translate(text, "a b") == ["", "b a"]


def test_a_line_end_in_a_text_is_a_space(endpoint):
    assert endpoint.translate("a b\n", "c\r\nd") == ["b a", "d c"]


def test_no_sentence_has_no_predictions(endpoint):
    assert endpoint.invoke(NOTHING) == (200, {"predictions": []})


def test_whether_something_was_cut_off_is_told(endpoint):
    def told(*texts):
        body = json.dumps(instances(*texts))
        return endpoint.ask("/invocations", body)[1]["x-truncated-instances"]

    assert told("a b c") is None
    assert told("1 2 3 4 5 6 7", "a", "1 2 3 4 5 6 7 8") == "2"


def test_the_routes_of_sagemaker_are_there(endpoint):
    assert endpoint.ask("/ping")[0] == 200
    status, _, body = endpoint.ask("/execution-parameters")
    assert status == 200
    assert json.loads(body) == {
        "MaxConcurrentTransforms": 64,
        "BatchStrategy": "SINGLE_RECORD",
        "MaxPayloadInMB": 1,
    }


# What is refused ----------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "body", "told", "instance"),
    [
        (JSON, "{", "is not JSON", None),
        (JSON, "", "is not JSON", None),
        (JSON, b"\xff", "expected UTF-8", None),
        (JSON, "[" * 100_000, "nested", None),
        (JSON, "[]", "Expected {", None),
        (JSON, '{"data": "a"}', "the keys 'data'", None),
        (JSON, '{"source": "a"}', "application/jsonlines", None),
        (JSON, '{"instances": {}}', "an object", None),
        (JSON, '{"instances": [], "x": 1}', "unknown keys 'x'", None),
        (JSON, '{"instances": [{"data": "a"}, "b"]}', "a string", 1),
        (JSON, '{"instances": [{"data": [4, 5]}]}', RECORDS, 0),
        (JSON, '{"instances": [{"data": null}]}', "null", 0),
        (JSON, '{"instances": [{"source": "a"}]}', "not 'data'", 0),
        (JSON, '{"instances": [{"data": "\\ud800"}]}', "U+D800", 0),
        (JSON, '{"instances": [{"data": "a", "b": 1}]}', "keys 'b'", 0),
        (
            JSON,
            '{"instances": [{"data": "a"}, {"data": "a", "configuration": '
            '{"attention_matrix": "yes"}}]}',
            "attention_matrix",
            1,
        ),
        (
            JSON,
            '{"instances": [{"data": "a", "configuration": 3}]}',
            "configuration",
            0,
        ),
        (LINES, '{"source": "a"}\n{"source": 3}', "a number", 1),
        (LINES, '{"source": "a"}\n{"source"', "line 2", 1),
        (LINES, '{"data": "a"}', "not 'source'", 0),
        (LINES, '"a"', "Expected {", 0),
        (RECORDS, b"no records", "byte 0", None),
        (RECORDS, frame(write_record({"source_ids": [4]})), "source_ids", 0),
        (RECORDS, frame(write_record({"source": [4, 0]})), "<pad>", 0),
    ],
)
def test_what_is_no_request_is_explained(endpoint, kind, body, told, instance):
    status, answer = endpoint.invoke(body, kind)
    assert status == 400
    assert told in answer["error"]
    assert answer.get("instance") == instance
    assert "Traceback" not in answer["error"]


@pytest.mark.parametrize(
    ("kind", "headers"),
    [
        ("text/plain", {}),
        (None, {}),
        ("application/json; charset=latin-1", {}),
        (JSON, {"content_encoding": "gzip"}),
    ],
)
def test_other_types_are_refused(endpoint, kind, headers):
    body = json.dumps(instances("a"))
    status, found, answer = endpoint.ask("/invocations", body, kind, **headers)
    assert status == 415
    assert "expected" in json.loads(answer)["error"]


def test_a_type_may_have_parameters(endpoint):
    kind = 'Application/JSON; charset="UTF-8"'
    assert endpoint.invoke(instances("a b"), kind)[0] == 200


def test_other_methods_and_paths_are_refused_with_what_there_is(endpoint):
    status, headers, body = endpoint.ask("/invocations")
    assert (status, headers["allow"]) == (405, "POST")
    assert "POST" in json.loads(body)["error"]
    assert endpoint.ask("/ping", "", method="DELETE")[0] == 405
    status, _, body = endpoint.ask("/invocations/")
    assert status == 404
    assert "/invocations" in json.loads(body)["error"]


@pytest.mark.parametrize("line", [b"POST /nowhere", b"DELETE /ping"])
@pytest.mark.parametrize(
    "size", [b"content-length: 1000000000", b"transfer-encoding: chunked"]
)
def test_a_body_that_nobody_asked_for_is_not_waited_for(
    endpoint, monkeypatch, line, size
):
    monkeypatch.setattr(responses, "LINGER", 0.2)
    with socket.create_connection(("127.0.0.1", endpoint.port)) as client:
        client.sendall(line + b" HTTP/1.1\r\nhost: x\r\n" + size + b"\r\n\r\n")
        answer = received_to(client, b"}")
        assert b" 404 " in answer or b" 405 " in answer
        assert b"connection: close" in answer
        assert client.recv(1000) == b""


def test_a_wrong_path_without_a_body_keeps_its_connection(endpoint):
    with socket.create_connection(("127.0.0.1", endpoint.port)) as client:
        for _ in range(2):
            client.sendall(b"GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n")
            assert b" 404 " in received_to(client, b"}")


def test_too_many_sentences_are_refused(endpoint):
    status, answer = endpoint.invoke(instances(*["a"] * 31))
    assert status == 413
    assert "at most 30 sentences" in answer["error"]
    assert len(endpoint.translate(*["a"] * 30)) == 30


def test_a_body_of_a_declared_size_is_refused_before_it_is_sent(endpoint):
    with socket.create_connection(("127.0.0.1", endpoint.port)) as client:
        client.sendall(
            b"POST /invocations HTTP/1.1\r\nhost: x\r\n"
            b"content-type: application/json\r\ncontent-length: 2000000\r\n\r\n"
        )
        assert b" 413 " in client.recv(1000)


def test_a_body_of_no_declared_size_is_refused_when_it_is_too_large(endpoint):
    with socket.create_connection(("127.0.0.1", endpoint.port)) as client:
        client.sendall(
            b"POST /invocations HTTP/1.1\r\nhost: x\r\n"
            b"transfer-encoding: chunked\r\n\r\n"
        )
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        client.sendall(chunk * 20)  # and never the last one
        assert b" 413 " in client.recv(1000)


def test_a_client_that_sends_too_much_reads_why(endpoint):
    status, answer = endpoint.invoke("x" * 3_000_000)
    assert status == 413
    assert "1,048,576 bytes" in answer["error"]


class Attending(Backwards):
    """Answers with matrices of a size that the client names."""

    def __call__(self, sentences):
        sizes = [int(each.source[0]) for each in sentences]
        return [Answer("x", (), np.full((size, size), 0.5)) for size in sizes]


def test_matrices_are_written_beside_the_event_loop(monkeypatch):
    threads = []

    def write(answers, original=json_body.write):
        threads.append(threading.current_thread())
        return original(answers)

    monkeypatch.setattr(json_body, "write", write)
    configuration = {"attention_matrix": True}
    with running(Attending()) as endpoint:
        for size in ("2", "200"):
            one = {"data": size, "configuration": configuration}
            assert endpoint.invoke({"instances": [one]})[0] == 200
        loop = endpoint.thread
    assert [one is loop for one in threads] == [True, False]


def test_what_cannot_be_decoded_is_said_without_the_cause(endpoint, caplog):
    status, answer = endpoint.invoke(instances("a", "poison"))
    assert status == 500
    assert "secret" not in json.dumps(answer)
    assert endpoint.translate("a b") == ["b a"]


# Time ---------------------------------------------------------------------


def test_a_full_queue_is_said_with_the_time_to_try_again(occupied):
    waiting = in_background(occupied.translate, *["a b"] * 25)
    wait_for(lambda: occupied.metric("queued_sentences") == 25)
    body = json.dumps(instances(*["c"] * 16))
    status, headers, answer = occupied.ask("/invocations", body)
    assert status == 429
    assert int(headers["retry-after"]) >= 1
    assert "40 sentences may wait" in json.loads(answer)["error"]
    later = in_background(occupied.translate, *["c d"] * 15)
    wait_for(lambda: occupied.metric("queued_sentences") == 40)
    occupied.rule.go_on()
    assert (waiting(), later()) == (["b a"] * 25, ["d c"] * 15)


def test_requests_that_come_together_are_decoded_together(occupied):
    asked = [
        in_background(occupied.translate, f"{n} x", f"{n} y z")
        for n in range(6)
    ]
    wait_for(lambda: occupied.metric("queued_sentences") == 12)
    occupied.rule.go_on()
    answers = [answer() for answer in asked]
    assert answers == [[f"x {n}", f"z y {n}"] for n in range(6)]
    assert len(occupied.rule.batches[-1]) == 12


def test_nobody_is_taken_down_by_anothers_sentence(occupied):
    bad = in_background(occupied.invoke, instances("poison"))
    good = in_background(occupied.translate, "a b")
    wait_for(lambda: occupied.metric("queued_sentences") == 2)
    occupied.rule.go_on()
    assert good() == ["b a"]
    assert bad()[0] == 500


def test_a_client_that_leaves_is_dropped(occupied):
    client = occupied.connection()
    client.request(
        "POST",
        "/invocations",
        json.dumps(instances("left alone")),
        {"content-type": JSON},
    )
    wait_for(lambda: occupied.metric("queued_sentences") == 1)
    client.close()
    wait_for(lambda: occupied.metric("queued_sentences") == 0)
    occupied.rule.go_on()
    assert occupied.translate("a b") == ["b a"]
    assert ["left", "alone"] not in sum(occupied.rule.batches, [])


class PoisonFirst(Backwards):
    """Tells at once what cannot be decoded, though it is held."""

    def __call__(self, sentences):
        if any("poison" in each.source for each in sentences):
            self.go_on()
            try:
                return super().__call__(sentences)
            finally:
                self._free.clear()
        return super().__call__(sentences)


def test_what_is_left_of_a_failed_request_waits_no_more():
    with running(PoisonFirst(), batch_size=1) as endpoint, endpoint.rule.held():
        status, _ = endpoint.invoke(instances("poison", *"abcdef"))
        assert status == 500
        assert endpoint.metric("queued_sentences") == 0


def test_slow_decoding_and_slow_clients_are_told_so():
    with running(timeout_s=0.3, read_timeout_s=0.4) as endpoint:
        with endpoint.rule.held():
            status, answer = endpoint.invoke(instances("a"))
        assert status == 504
        assert "within 0.3 s" in answer["error"]
        for head, told in (
            (b"POST /invocations HT", "the headers within 0.4 s"),
            (
                b"POST /invocations HTTP/1.1\r\nhost: x\r\n"
                b"content-length: 10\r\n\r\n{",
                "the whole body within 0.4 s",
            ),
        ):
            with socket.create_connection(("127.0.0.1", endpoint.port)) as slow:
                slow.sendall(head)
                answer = ""
                while "}" not in answer:
                    answer += slow.recv(1000).decode()
            assert " 408 " in answer
            assert told in answer
        with socket.create_connection(("127.0.0.1", endpoint.port)) as silent:
            silent.settimeout(20)
            assert silent.recv(1000) == b""
        assert endpoint.translate("a b") == ["b a"]


@pytest.mark.parametrize(
    ("head", "rest"), [(b"", b"\r\n"), (b"content-length: 50\r\n", b"hello")]
)
def test_bytes_that_begin_no_request_keep_no_connection(
    monkeypatch, head, rest
):
    monkeypatch.setattr(server, "KEEP_ALIVE", 0.5)
    with (
        running() as endpoint,
        socket.create_connection(("127.0.0.1", endpoint.port)) as client,
    ):
        client.sendall(b"GET /ping HTTP/1.1\r\nhost: x\r\n" + head + b"\r\n")
        assert b" 200 " in received_to(client, b"}")
        client.sendall(rest)
        assert client.recv(1000) == b""


class Long(Backwards):
    """Writes more than what stands between two sockets."""

    def __call__(self, sentences):
        return [Answer("x" * 20_000_000) for _ in sentences]


def _answered(connection):
    return connection.cycle and connection.cycle.response_complete


@contextlib.contextmanager
def reading_nothing(endpoint):
    """A client that has been answered and does not read it."""
    connections = endpoint.server.server_state.connections
    body = json.dumps(instances("a"))
    client = endpoint.connection()
    client.request("POST", "/invocations", body, {"content-type": JSON})
    wait_for(lambda: any(map(_answered, list(connections))))
    with contextlib.closing(client):
        yield client, connections


def test_who_reads_nothing_of_an_answer_is_left():
    with running(Long(), read_timeout_s=0.3) as endpoint:
        with reading_nothing(endpoint) as (_, connections):
            wait_for(lambda: not connections)


def test_who_reads_slowly_gets_all_of_an_answer():
    with running(Long(), read_timeout_s=0.5) as endpoint:
        with reading_nothing(endpoint) as (client, _):
            with client.getresponse() as answer:
                size = 0
                while part := answer.read(2_000_000):
                    size += len(part)
                    time.sleep(0.1)
        assert size > 20_000_000


def test_who_reads_nothing_does_not_hold_up_the_end(monkeypatch):
    monkeypatch.setattr(protocol, "SPARE", 0.2)
    with running(Long()) as endpoint:
        with reading_nothing(endpoint) as (_, connections):
            endpoint.server.handle_exit(15, None)
            wait_for(lambda: not connections)


def test_endless_headers_are_refused(endpoint):
    with socket.create_connection(("127.0.0.1", endpoint.port)) as client:
        client.sendall(b"GET /ping HTTP/1.1\r\nx: " + b"y" * 70_000)
        assert b" 431 " in client.recv(1000)


def received_to(client, end):
    """What a socket receives, up to some bytes."""
    client.settimeout(20)
    answer = b""
    while end not in answer:
        answer += client.recv(1000)
    return answer


def test_large_headers_are_refused_though_they_end(endpoint):
    status, _, body = endpoint.ask("/ping", x="y" * 65_500)
    assert status == 431
    assert json.loads(body) == {"error": "expected less headers."}


def test_bytes_of_a_body_are_no_headers(endpoint):
    body = json.dumps(instances("a b")).encode() + b" " * 90_000
    head = b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-type: %b\r\n"
    head = head % JSON.encode() + b"content-length: %d\r\n\r\n" % len(body)
    with socket.create_connection(("127.0.0.1", endpoint.port)) as client:
        client.sendall(head + body + b"GET /ping HT")
        assert b" 200 " in received_to(client, b"}")
        client.sendall(b"TP/1.1\r\nhost: x\r\n\r\n")
        assert b" 200 " in received_to(client, b"}")


def test_an_endpoint_is_not_ready_before_its_model_is():
    arrived = threading.Event()

    class Late(Backwards):
        def warming(self):
            arrived.wait(20)
            yield

    with running(Late(), wait=False) as endpoint:
        assert endpoint.ask("/ping")[0] == 503
        body = json.dumps(instances("a"))
        status, headers, _ = endpoint.ask("/invocations", body)
        assert status == 503
        assert int(headers["retry-after"]) > 0
        arrived.set()
        wait_for(lambda: endpoint.ask("/ping")[0] == 200)
        assert endpoint.translate("a b") == ["b a"]


def test_an_endpoint_that_stops_says_so_and_answers_the_last_ones():
    with running() as endpoint:
        endpoint.server.endpoint.stopping = True
        assert endpoint.ask("/ping")[0] == 503
        assert endpoint.translate("a b") == ["b a"]


def test_who_stands_before_the_door_when_it_closes_is_answered():
    with running() as endpoint:
        connections = [endpoint.connection() for _ in range(30)]
        for number, connection in enumerate(connections):
            body = json.dumps(instances(f"{number} a"))
            connection.request(
                "POST", "/invocations", body, {"content-type": JSON}
            )
        endpoint.server.handle_exit(15, None)
        for number, connection in enumerate(connections):
            with connection.getresponse() as answer:
                (found,) = json.loads(answer.read())["predictions"]
            connection.close()
            assert found == {"target": f"a {number}"}


def test_a_model_that_cannot_be_loaded_ends_the_server():
    def load():
        raise UserError("no such model")

    with listen("127.0.0.1", 0) as listening:
        server = Server(settings(), load)
        with pytest.raises(UserError, match="no such model"):
            server.serve_on(listening)


def test_what_was_accepted_is_answered_when_the_endpoint_stops():
    with running() as endpoint:
        with endpoint.rule.held():
            asked = [
                in_background(endpoint.translate, f"{n} a") for n in range(5)
            ]
            wait_for(
                lambda: (
                    endpoint.metric("queued_sentences")
                    + len(sum(endpoint.rule.batches, []))
                    == 5
                )
            )
            idle = endpoint.connection()
            idle.request("GET", "/ping")
            with idle.getresponse() as answer:
                assert answer.read()
            endpoint.server.handle_exit(15, None)
            wait_for(lambda: not accepts(endpoint))
            idle.close()
        assert [answer() for answer in asked] == [[f"a {n}"] for n in range(5)]


def accepts(endpoint):
    try:
        with socket.create_connection(("127.0.0.1", endpoint.port), 1):
            return True
    except OSError:
        return False


# What is said about it ----------------------------------------------------


def test_a_request_has_an_id_that_its_client_may_choose(endpoint):
    _, headers, _ = endpoint.ask("/ping", x_request_id="mine-7")
    assert headers["x-request-id"] == "mine-7"
    given = [endpoint.ask("/ping")[1]["x-request-id"] for _ in range(2)]
    assert len(set(given)) == 2
    _, headers, _ = endpoint.ask("/ping", x_request_id="no id" + "x" * 200)
    assert len(headers["x-request-id"]) == 32
    _, headers, body = endpoint.ask("/nowhere", x_request_id="lost")
    assert headers["x-request-id"] == json.loads(body)["request_id"] == "lost"


def test_each_request_is_a_line_of_the_log(endpoint, caplog):
    caplog.set_level(logging.INFO, "keras_seq2seq.serving")
    endpoint.ask(
        "/invocations",
        json.dumps(instances("a b c", "1 2 3 4 5 6 7")),
        x_request_id="logged",
    )
    endpoint.ask("/invocations", "{", x_request_id="refused")

    def lines():
        fields = [getattr(each, "fields", {}) for each in caplog.records]
        return {each.get("request_id"): each for each in fields}

    wait_for(lambda: {"logged", "refused"} <= set(lines()))
    line = lines()["logged"]
    seconds = {k: line.pop(k) for k in list(line) if k.endswith("seconds")}
    assert line == {
        "request_id": "logged",
        "method": "POST",
        "path": "/invocations",
        "status": 200,
        "sentences": 2,
        "source_tokens": 10,
        "target_tokens": 9,
        "truncated": 1,
    }
    assert set(seconds) == {"seconds", "queue_seconds", "decode_seconds"}
    assert min(seconds.values()) >= 0
    assert lines()["refused"]["status"] == 400
    assert "is not JSON" in lines()["refused"]["error"]


def test_prometheus_reads_what_was_done(endpoint):
    names = ("sentences_total", "source_tokens_total", "target_tokens_total")
    before = [endpoint.metric(name) for name in names]
    endpoint.translate("a b c", "d")
    after = [endpoint.metric(name) for name in names]
    assert [b - a for a, b in zip(before, after, strict=True)] == [2, 4, 4]
    assert endpoint.metric("ready") == 1
    status = 'requests_total{path="other",status="404"}'
    endpoint.ask("/nowhere")
    count = endpoint.metric(status)
    endpoint.ask("/nowhere/else")
    assert endpoint.metric(status) == count + 1


def test_many_clients_at_once_get_their_own_answers(endpoint):
    begin = time.monotonic()

    def client(name):
        found = []
        for turn in range(8):
            text = f"{name} {turn} x"
            status, answer = endpoint.invoke(instances(text))
            while status == 429:
                time.sleep(0.05)
                status, answer = endpoint.invoke(instances(text))
            found.append(answer["predictions"][0]["target"])
        return found

    clients = [in_background(client, name) for name in range(20)]
    for name, answers in enumerate(clients):
        assert answers() == [f"x {turn} {name}" for turn in range(8)]
    assert time.monotonic() - begin < 60
