"""The commands of examples/sagemaker_job, and its client."""

import http.server
import json
import os
import re
import shutil
import threading
from pathlib import Path

import pytest

from keras_seq2seq.config.sagemaker import parse
from keras_seq2seq.data.json_vocabulary import JsonVocabulary
from keras_seq2seq.data.record_proto import read_ids, write_record
from keras_seq2seq.data.recordio import frame, records
from tests.processes import python, shell

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "sagemaker_job"
LINES = "a b\nc c x\n"


class Backwards(http.server.BaseHTTPRequestHandler):
    """An endpoint that answers words in capitals, and not at first."""

    refusals = []

    def do_POST(self):
        kind = self.headers["Content-Type"].rpartition("/")[2]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if Backwards.refusals:
            self.send_response(Backwards.refusals.pop())
            self.send_header("Retry-After", "0")
            self.end_headers()
            return
        answer = getattr(self, kind.replace("-", "_"))(body)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(answer)

    def json(self, body):
        predictions = []
        for instance in json.loads(body)["instances"]:
            prediction = {"target": instance["data"].upper()}
            if "configuration" in instance:
                assert instance["configuration"]["attention_matrix"] == "true"
                prediction["matrix"] = [[0.25, 0.75]]
            predictions.append(prediction)
        return json.dumps({"predictions": predictions}).encode()

    def jsonlines(self, body):
        sources = [json.loads(line)["source"] for line in body.splitlines()]
        targets = [{"target": source.upper()} for source in sources]
        lines = [json.dumps(each, ensure_ascii=False) for each in targets]
        return "".join(f"{line}\n" for line in lines).encode()

    def x_recordio_protobuf(self, body):
        payloads = [record.payload(body) for record in records(body)]
        found = [read_ids(payload, ["source"])[0] for payload in payloads]
        return b"".join(frame(write_record({"target": x})) for x in found)

    def log_message(self, *_):
        """Says nothing."""


@pytest.fixture
def url():
    Backwards.refusals = [429, 503]
    with http.server.HTTPServer(("127.0.0.1", 0), Backwards) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/invocations"
        server.shutdown()
        thread.join()


def ask(url, *flags, lines=LINES):
    done = python(
        EXAMPLE / "client.py",
        *["--url", url, *flags],
        input=lines,
        encoding="utf-8",
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONIOENCODING": "utf-8",
        },
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", ["json", "jsonlines"])
def test_the_client_sends_and_reads_text(url, kind):
    assert ask(url, "--type", kind) == "A B\nC C X\n"


@pytest.mark.parametrize("kind", ["json", "jsonlines"])
def test_the_client_cuts_lines_at_line_feeds_only(url, kind):
    lines = "a\u2028b\nc\x85d\n"
    assert ask(url, "--type", kind, lines=lines) == lines.upper()


def test_the_client_prints_attention(url):
    matrix = "   0.25 0.75\n"
    assert ask(url, "--attention") == f"A B\n{matrix}C C X\n{matrix}"


def test_the_client_sends_and_reads_records(url, tmp_path):
    JsonVocabulary("abc").write(tmp_path / "vocab.src.json")
    JsonVocabulary("ABC").write(tmp_path / "vocab.trg.json")
    flags = ["--type", "recordio", "--vocabularies", tmp_path]
    assert ask(url, *flags) == "A B\nC C <unk>\n"


def test_the_hyperparameters_are_those_of_the_service():
    given = json.loads((EXAMPLE / "hyperparameters.json").read_text())
    assert all(isinstance(value, str) for value in given.values())
    parse(given, strict=True)


@pytest.mark.slow
def test_the_commands_of_the_page_run(tmp_path):
    folder = tmp_path / "work"
    shutil.copytree(EXAMPLE, folder)
    path = folder / "hyperparameters.json"
    small = {"max_num_batches": "4", "checkpoint_frequency_num_batches": "2"}
    path.write_text(json.dumps({**json.loads(path.read_text()), **small}))
    page = (EXAMPLE / "README.md").read_text("utf-8")
    script = "".join(re.findall(r"^```bash\n(.*?)^```", page, re.S | re.M))
    toy = "--output_dir toy"
    assert toy in script
    printed = shell(script.replace(toy, f"{toy} --num_examples 100"), folder)
    assert (folder / "job" / "model.tar.gz").exists()
    assert "validation:bleu=" in printed
