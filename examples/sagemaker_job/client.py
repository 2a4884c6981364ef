"""Asks an endpoint of `keras-seq2seq serve`, or one of SageMaker's seq2seq.

    python client.py --type recordio --vocabularies job/model < sentences.txt

Sentences are tokens with spaces between them, one sentence per line; an answer
per line is printed.
"""

import argparse
import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from keras_seq2seq.data.record_proto import read_ids, write_record
from keras_seq2seq.data.recordio import frame, records

parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
parser.add_argument("--url", default="http://localhost:8080/invocations")
parser.add_argument(
    "--type", default="json", choices=["json", "jsonlines", "recordio"]
)
parser.add_argument("--attention", action="store_true", help="with type json")
parser.add_argument("--vocabularies", type=Path, help="folder of vocab.*.json")
arguments = parser.parse_args()
lines = [line.rstrip("\n") for line in sys.stdin]


def post(media_type, body):
    """The endpoint's answer; while it is full or loads, it is asked again."""
    headers = {"Content-Type": media_type, "Accept": media_type}
    request = urllib.request.Request(arguments.url, body, headers)
    while True:
        try:
            with urllib.request.urlopen(request) as response:
                return response.read()
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503):
                sys.exit(f"{error.code}: {error.read().decode()}")
            time.sleep(float(error.headers.get("Retry-After", 1)))


if arguments.type == "json":
    instances = [{"data": line} for line in lines]
    if arguments.attention:
        for instance in instances:
            instance["configuration"] = {"attention_matrix": "true"}
    body = json.dumps({"instances": instances}).encode()
    answer = json.loads(post("application/json", body))
    for prediction in answer["predictions"]:
        print(prediction["target"])
        for row in prediction.get("matrix", []):
            print("  ", *(f"{weight:.2f}" for weight in row))
elif arguments.type == "jsonlines":
    body = "".join(json.dumps({"source": line}) + "\n" for line in lines)
    answer = post("application/jsonlines", body.encode()).decode()
    # Not `splitlines`: JSON may hold line separators of Unicode as they are.
    for line in answer.rstrip("\n").split("\n"):
        print(json.loads(line)["target"])
else:
    ids, words = (
        json.loads((arguments.vocabularies / name).read_text("utf-8"))
        for name in ("vocab.src.json", "vocab.trg.json")
    )
    sources = ([ids.get(t, ids["<unk>"]) for t in x.split()] for x in lines)
    body = b"".join(frame(write_record({"source": x})) for x in sources)
    answer = post("application/x-recordio-protobuf", body)
    words = {number: word for word, number in words.items()}
    for record in records(answer):
        (target,) = read_ids(record.payload(answer), ["target"])
        print(*(words[number] for number in target))
