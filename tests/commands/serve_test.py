"""`serve` as a process of its own, over a model."""

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from keras_seq2seq.__main__ import main
from keras_seq2seq.data.record_proto import read_ids, write_record
from keras_seq2seq.data.recordio import frame, records
from keras_seq2seq.sagemaker import pack
from tests.processes import REPOSITORY
from tests.run_directories import untrained_attention_run, words
from tests.serving.endpoints import JSON, LINES, RECORDS, Running, wait_for

PAGE = (REPOSITORY / "docs" / "serving.md").read_text("utf-8")
TOKENIZERS = (words("a b c d zwei hunde ein hund"), words("p q r s t"))
PATIENCE = 600  # seconds, for a machine that has much else to do
TEXTS = ["a b c", "d zwei x hunde", "", "a", "b b b b b b"]


class Process(Running):
    """A `Running` endpoint in another process.

    Attributes:
        run_dir: path.
        model: what it loaded.
        lines: list of what it logged, read as JSON.
    """

    def __init__(self, run_dir, model):
        self.run_dir = run_dir
        self.model = model
        self.lines = []
        # A run is a directory; what SageMaker made of it is an archive.
        archive = pack(run_dir)
        command = [sys.executable, "-m", "keras_seq2seq", "serve", archive]
        flags = ["--host", "127.0.0.1", "--port", "0", "--batch_size", "8"]
        # With a level of its own TensorFlow writes between our lines.
        level = "TF_CPP_MIN_LOG_LEVEL"
        environment = {k: v for k, v in os.environ.items() if k != level}
        self.process = subprocess.Popen(
            [*command, *flags],
            stderr=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
            env=environment,
        )
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def arrive(self):
        """Returns when it answers."""
        wait_for(lambda: self.said("listening"), PATIENCE)
        address = self.said("listening")[0]["address"]
        self.port = int(address.rpartition(":")[2])
        self.first_ping = self.ask("/ping")[0]
        wait_for(lambda: self.said("ready"), PATIENCE)

    def _read(self):
        with self.process.stderr as log:
            self.lines.extend(map(json.loads, log))

    def said(self, message):
        return [one for one in self.lines if one["message"] == message]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    run_dir = tmp_path_factory.mktemp("serve") / "run"
    model = untrained_attention_run(run_dir, TOKENIZERS)
    found = Process(run_dir, model)
    try:
        found.arrive()
        yield found
    finally:
        found.process.kill()
        found.process.wait()
        found.reader.join()


@pytest.fixture(scope="module")
def expected(served):
    return [each.text for each in served.model.generate(TEXTS)]


def test_it_is_not_ready_before_the_model_is(served):
    assert served.first_ping == 503
    assert served.ask("/ping")[0] == 200


def test_answers_are_those_of_infer(served, expected):
    assert served.translate(*TEXTS) == expected
    for text, target in zip(TEXTS, expected, strict=True):
        assert served.translate(text) == [target]


def test_the_types_agree(served, expected):
    body = "".join(json.dumps({"source": text}) + "\n" for text in TEXTS)
    _, lines = served.invoke(body, LINES)
    found = [json.loads(line)["target"] for line in lines.splitlines()]
    assert found == expected
    source, target = TOKENIZERS
    encoded = [source.encode(text) for text in TEXTS]
    body = b"".join(frame(write_record({"source": ids})) for ids in encoded)
    _, answer = served.invoke(body, RECORDS)
    ids = [read_ids(r.payload(answer), ["target"])[0] for r in records(answer)]
    assert [target.decode(row) for row in ids] == expected


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_page_has_requests_that_are_answered_in_its_form(served):
    blocks = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
    tried = 0
    for (kind, text), (_, shown) in zip(blocks, blocks[1:], strict=False):
        if kind == "bash" and "curl" in text:
            text = text.replace(":8080", f":{served.port}")
            printed = subprocess.run(
                ["bash", "-c", text], capture_output=True, text=True
            ).stdout
            assert shape(printed) == shape(shown)
            tried += 1
    assert tried == 3
    (code,) = [text for kind, text in blocks if kind == "python"]
    found = {}
    exec(code.replace(":8080", f":{served.port}"), found)
    text = TOKENIZERS[0].decode([4, 5])
    assert (
        TOKENIZERS[1].decode(found["targets"][0]) == (served.translate(text)[0])
    )


def shape(text):
    """Keys and kinds of JSON lines; matrices by the number of columns."""

    def of(value):
        if isinstance(value, dict):
            return {
                key: {len(row) for row in one} if key == "matrix" else of(one)
                for key, one in value.items()
            }
        return list(map(of, value)) if isinstance(value, list) else type(value)

    return [of(json.loads(line)) for line in text.strip().splitlines()]


def test_the_page_names_every_flag():
    from keras_seq2seq.commands.serve import SETTINGS

    missing = [name for name in SETTINGS if f"`--{name}`" not in PAGE]
    assert missing == []


def test_memory_stays_as_it_is(served):
    def resident():
        status = Path(f"/proc/{served.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def post(count):
        for turn in range(count):
            served.translate(*[TEXTS[turn % 5], "a " * (turn % 9)])
            served.ask("/invocations", "{")

    post(50)
    before = resident()
    post(150)
    assert resident() - before < 20


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["no_such_dir"], "no_such_dir: expected the directory"),
        ([], "/opt/ml/model: expected the directory"),
        ([".", "--port", "99999999"], "--port"),
        ([".", "--batch_size", "none"], "--batch_size"),
        ([".", "--tasks", "{class: DumpBeams, params: {file: x}}"], "--tasks"),
    ],
)
def test_what_cannot_be_served_is_explained(capsys, arguments, told):
    assert main(["serve", *arguments]) == 2
    assert told in capsys.readouterr().err


def test_a_port_in_use_is_said_before_a_model_is_loaded(served, capsys):
    flags = ["--host", "127.0.0.1", "--port", str(served.port)]
    assert main(["serve", str(served.run_dir), *flags]) == 2
    assert f"--port {served.port}" in capsys.readouterr().err


def test_packages_that_are_missing_are_named(capsys, monkeypatch):
    monkeypatch.setattr(
        "keras_seq2seq.commands.serve.PACKAGES", ("no_such_package",)
    )
    assert main(["serve", "run"]) == 2
    told = capsys.readouterr().err
    assert "no_such_package" in told
    assert "pip install 'keras-seq2seq[serve]'" in told


def test_what_was_accepted_is_answered_before_it_ends(served, expected):
    """The last one: it stops the server."""
    count = 12 * 40

    def accepted():
        begun = served.metric("batch_sentences_sum")
        return begun + served.metric("queued_sentences")

    before = accepted()
    connections = [served.connection() for _ in range(12)]
    for number, connection in enumerate(connections):
        text = TEXTS[number % 5]
        body = json.dumps({"instances": [{"data": text}] * 40})
        headers = {"content-type": JSON, "x-request-id": f"last-{number}"}
        connection.request("POST", "/invocations", body, headers)
    # Those of one batch are counted when it is done.
    wait_for(lambda: accepted() >= before + count - 8, 60)
    served.process.send_signal(signal.SIGTERM)
    for number, connection in enumerate(connections):
        with connection.getresponse() as answer:
            assert answer.status == 200
            found = json.loads(answer.read())["predictions"]
        connection.close()
        assert found == [{"target": expected[number % 5]}] * 40
    assert served.process.wait(60) == 143
    served.reader.join()
    assert served.lines[-1]["message"] == "stopped"
    logged = {one.get("request_id"): one for one in served.said("request")}
    for number in range(12):
        assert logged[f"last-{number}"]["sentences"] == 40
    with pytest.raises(OSError):
        http.client.HTTPConnection("127.0.0.1", served.port).connect()
