import base64
import functools
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_seq2seq.__main__ import main
from keras_seq2seq.run_files import LEFT_OUT_FILE
from tests.browser import document_after_scripts

SIDE = 8
COLOURS = {"red": (250, 0, 0), "green": (0, 250, 0), "blue": (0, 0, 250)}
PARAMS = {
    "vocab_target": "words.txt",
    "embedding.dim": 6,
    "attention.params": {"num_units": 5},
    "bridge.class": "InitialStateBridge",
    "encoder.class": "ImageEncoder",
    "encoder.params": {
        "backbone": "tests.small_backbone.network",
        "weights": None,
        "resize_height": SIDE,
        "resize_width": SIDE,
        "feature_cache": "float16",
    },
    "decoder.params": {
        "rnn_cell": {"cell_class": "GRUCell", "cell_params": {"num_units": 8}}
    },
    "optimizer.learning_rate": 0.05,
    "target.max_seq_len": 9,
}


def paint(path, name):
    pixels = np.full((SIDE, SIDE, 3), COLOURS[name], "uint8")
    Image.fromarray(pixels).save(path)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Pictures of one colour, whose captions name it, two each."""
    folder = tmp_path_factory.mktemp("captions")
    (folder / "images").mkdir()
    lines, names = ["image\tcaption\n"], list(COLOURS)
    for number in range(18):
        name = names[number % 3]
        paint(folder / "images" / f"{number:02d}.png", name)
        lines += [f"{number:02d}.png\tA {name} one.\n"]
        lines += [f"{number:02d}.png\tall is {name}\n"]
    (folder / "images" / "bad.jpg").write_bytes(b"\xff\xd8cut")
    lines += ["bad.jpg\tnobody knows\n", "gone.jpg\tnobody knows\n"]
    (folder / "captions.tsv").write_text("".join(lines))
    splits = {"train": range(12), "dev": range(12, 18)}
    for split, numbers in splits.items():
        names = [f"{number:02d}.png" for number in numbers]
        if split == "train":
            names += ["bad.jpg", "gone.jpg"]
        else:
            names += ["mute.jpg"]
        text = "".join(f"{name}\n" for name in names)
        (folder / f"{split}.txt").write_text(text)
    return folder


@pytest.fixture(autouse=True)
def cache(place, monkeypatch):
    monkeypatch.setenv("KERAS_SEQ2SEQ_CACHE", str(place / "cache"))


def pipeline(split, **changes):
    params = {
        "image_dir": "images",
        "captions_files": "captions.tsv",
        "split_file": f"{split}.txt",
        "normalize": True,
        **changes,
    }
    return json.dumps(
        {"class": "ImageCaptionTSVInputPipeline", "params": params}
    )


def flags(place, output_dir, **changes):
    given = {
        "model": "Image2Seq",
        "model_params": json.dumps(PARAMS),
        "input_pipeline_train": pipeline("train"),
        "input_pipeline_dev": pipeline("dev"),
        "prepare": "[{output: words.txt}]",
        "batch_size": 8,
        "train_steps": 60,
        "eval_every_n_steps": 30,
        "dev_decoding": "{metric: [bleu_1, rouge_l]}",
        "early_stopping": "{metric: bleu_1}",
        "tf_random_seed": 4,
        "data_dir": place,
        "output_dir": output_dir,
        **changes,
    }
    plain = [text for k, v in given.items() for text in (f"--{k}", str(v))]
    return ["train", *plain, *ALLOWED]


ALLOWED = ("--allow_import", "tests.small_backbone")


@functools.cache
def trained(place):
    """The run directory of a captioner of colours."""
    if main(flags(place, place / "run")) != 0:
        raise RuntimeError("training failed, see the output")
    return place / "run"


def evaluations(run):
    """The evaluations of a run, in their order."""
    text = (run / "metrics.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def infer(run, *given):
    return main(["infer", "--model_dir", str(run), *map(str, given), *ALLOWED])


def test_a_captioner_trains_and_writes(place, capsys):
    run = trained(place)
    capsys.readouterr()
    numbers = range(12, 18)
    files = [place / "images" / f"{number}.png" for number in numbers]
    assert infer(run, "--images", *files) == 0
    written = capsys.readouterr().out.splitlines()
    assert len(written) == 6
    for number, text in zip(numbers, written, strict=True):
        assert list(COLOURS)[number % 3] in text.split()
    records = evaluations(run)
    assert records[-1]["val_loss"] < records[-1]["loss"] * 2
    # One of two references each, word by word.
    assert records[-1]["val_bleu_1"] == pytest.approx(100)


def test_what_is_left_out_is_listed(place):
    text = (trained(place) / LEFT_OUT_FILE).read_text()
    assert "captions whose picture is missing: gone.jpg" in text
    assert re.search("pictures that can't be read: .*bad.jpg", text)
    assert "pictures without a caption: mute.jpg (development data)\n" in text


def test_a_vocabulary_has_the_words_that_are_trained_on(place):
    words = (trained(place) / "words.txt").read_text().split()
    assert "red" in words and "nobody" not in words


def test_a_run_needs_neither_data_nor_network_file_to_infer(
    place, tmp_path, capsys
):
    shutil.copytree(trained(place), tmp_path / "moved")
    paint(tmp_path / "a.png", "blue")
    assert infer(tmp_path / "moved", "--images", tmp_path / "a.png") == 0
    assert "blue" in capsys.readouterr().out


def test_bad_pictures_are_named_and_end_nothing_unless_strict(
    place, tmp_path, capsys, caplog
):
    folder = tmp_path / "mixed"
    folder.mkdir()
    paint(folder / "a.png", "red")
    (folder / "b.png").write_bytes(b"")
    paint(folder / "c.png", "green")
    assert infer(trained(place), "--images", folder) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [bool(line) for line in lines] == [True, False, True]
    assert "b.png: empty, of zero bytes" in caplog.text
    assert infer(trained(place), "--images", folder, "--strict") == 2
    assert "b.png" in capsys.readouterr().err
    strict = flags(place, tmp_path / "run", strict="true")
    assert main(strict) == 2
    error = capsys.readouterr().err
    assert "gone.jpg" in error and "bad.jpg" in error
    assert not (tmp_path / "run").exists()


def test_ranks_scores_and_names(place, capsys):
    image = place / "images" / "13.png"
    assert infer(trained(place), "--images", image, "--n_best", 2) == 0
    ranks = [json.loads(x) for x in capsys.readouterr().out.splitlines()]
    assert [each["rank"] for each in ranks] == [1, 2]
    assert {each["image"] for each in ranks} == {str(image)}
    assert ranks[0]["score"] >= ranks[1]["score"]


def test_a_gallery_shows_references_and_opens_in_a_browser(
    place, tmp_path, capsys
):
    page = tmp_path / "gallery.html"
    dev = pipeline(
        "dev",
        image_dir=str(place / "images"),
        captions_files=str(place / "captions.tsv"),
        split_file=str(place / "dev.txt"),
    )
    given = ("--input_pipeline", dev, "--html", page)
    tasks = json.dumps(
        {"class": "DumpAttention", "params": {"output_dir": str(tmp_path)}}
    )
    assert infer(trained(place), *given, "--tasks", tasks) == 0
    text = page.read_text(encoding="utf-8")
    assert text.count("<figure") == 6 and text.count("<li>") == 12
    assert text.count("all is green") == 2
    photographs = re.findall(r"base64,([^\"]+)", text)
    assert base64.b64decode(photographs[0]).startswith(b"\xff\xd8")
    assert len(list(tmp_path.glob("0000?.png"))) == 7  # mute.jpg has one, too
    # Points at a word, and writes into the title what became of the shade.
    probe = """<script>
    const word = document.querySelector("[data-seen]");
    word.dataset.seen = "ff000000";  // one colour is looked at evenly
    word.dispatchEvent(new PointerEvent("pointerenter"));
    const canvas = document.querySelector("canvas");
    const size = [canvas.width, canvas.height];
    const data = canvas.getContext("2d").getImageData(0, 0, ...size).data;
    const dark = data.filter((x, i) => i % 4 == 3 && x > 0).length;
    document.title = `shade ${size[0] > 0} ${dark > 0}`;
    </script></body>"""
    probed = tmp_path / "probed.html"
    probed.write_text(text.replace("</body>", probe), encoding="utf-8")
    drawn = document_after_scripts(probed)
    assert "<title>shade true true</title>" in drawn


def test_scores_take_all_references(place, capsys):
    dev = pipeline(
        "dev",
        image_dir=str(place / "images"),
        captions_files=str(place / "captions.tsv"),
        split_file=str(place / "dev.txt"),
    )
    command = ["evaluate", "--model_dir", str(trained(place))]
    command += ["--input_pipeline", dev, "--metric", "bleu_1,bleu_2,rouge_l"]
    assert main([*command, *ALLOWED]) == 0
    records = map(json.loads, capsys.readouterr().out.splitlines())
    found = {record["metric"]: record for record in records}
    assert found["bleu_1"]["value"] == pytest.approx(100)
    assert found["bleu_1"]["signature"].startswith("nrefs:2|")
    assert found["bleu_1"]["signature"].endswith("order:1")


@pytest.mark.slow
def test_records_train_the_same_model(place, tmp_path, capsys):
    for split in ("train", "dev"):
        command = ["records", "--captions", place / "captions.tsv"]
        command += ["--image_dir", place / "images", "--split_file"]
        command += [place / f"{split}.txt", "--output", tmp_path / split]
        if split == "train":
            command += ["--shards", 2]
        assert main(list(map(str, command))) == 0
    told = capsys.readouterr().err
    assert "gone.jpg" in told and "bad.jpg" in told

    def records(pattern):
        params = {"files": str(tmp_path / pattern), "normalize": True}
        name = "ImageCaptioningInputPipeline"
        return json.dumps({"class": name, "params": params})

    changes = {
        "input_pipeline_train": records("train-*"),
        "input_pipeline_dev": records("dev"),
        "train_steps": 3,
        "eval_every_n_steps": 3,
    }
    losses = []
    for number, change in enumerate(({}, changes)):
        steps = {"train_steps": 3, "eval_every_n_steps": 3}
        run = tmp_path / f"run{number}"
        assert main(flags(place, run, **{**steps, **change})) == 0
        losses.append(json.loads((run / "metrics.jsonl").read_text())["loss"])
    assert losses[0] == losses[1]


@pytest.mark.slow
def test_training_goes_on_and_without_kept_features_finds_the_same(
    place, tmp_path
):
    params = {**PARAMS["encoder.params"], "feature_cache": "none"}
    text = json.dumps({**PARAMS, "encoder.params": params})
    run = tmp_path / "run"
    for steps in (30, 60):
        again = flags(place, run, model_params=text, train_steps=steps)
        assert main(again) == 0
    one, other = (
        [record["val_loss"] for record in evaluations(each)]
        for each in (trained(place), run)
    )
    np.testing.assert_allclose(one, other, rtol=0.02)  # float16


@pytest.mark.slow
def test_the_speed_of_a_captioner_is_measured(place, tmp_path, capsys):
    stored = json.loads((trained(place) / "config.json").read_text())
    path = tmp_path / "captioner.yml"
    path.write_text(json.dumps(stored["config"]))
    capsys.readouterr()
    given = ["--config_paths", str(path), "--precision", "float32", "--json"]
    assert main(["benchmark", *given, "--steps", "2", *ALLOWED]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    measured = json.loads(line)
    assert measured["tokens_per_second"] > 0 and measured["beam5"] > 0


def own_encoder(place, output_dir, **sizes):
    params = {
        **PARAMS,
        "encoder.class": "tests.small_backbone.Encoder",
        "encoder.params": sizes,
    }
    given = {"model_params": json.dumps(params), "train_steps": 2}
    return flags(place, output_dir, eval_every_n_steps=2, **given)


def test_an_encoder_of_ones_own_reads_pictures(place, tmp_path):
    sizes = {"resize_height": SIDE, "resize_width": SIDE}
    assert main(own_encoder(place, tmp_path / "run", **sizes)) == 0


def test_an_encoder_of_ones_own_says_the_size_of_pictures(
    place, tmp_path, capsys
):
    typed = own_encoder(place, tmp_path / "run", resize_height=SIDE)
    assert main(typed) == 2
    assert "Encoder needs resize_width" in capsys.readouterr().err


def test_models_of_text_take_no_pictures(capsys, tmp_path):
    from tests.commands.small_run import small_run

    command = ["infer", "--model_dir", str(small_run()), "--html", "a.html"]
    assert main(command) == 2
    assert "go with a model of pictures" in capsys.readouterr().err
    assert not Path("a.html").exists()
