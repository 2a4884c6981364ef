"""Every file in zoo/ is a configuration that trains, and can be published."""

import json
import math
import os
import re
import subprocess
import types
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_seq2seq import recipe, training
from keras_seq2seq.config.files import load
from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.errors import UserError
from keras_seq2seq.layers import EfficientNetLite0
from keras_seq2seq.run_files import write_run
from tests.scripts import benchmark

pytestmark = pytest.mark.usefixtures("eagerly")

ROOT = Path(__file__).resolve().parents[1]
RECIPES = sorted((ROOT / "zoo").glob("**/*.yml"))
HISTORICAL = {
    path.stem: path for path in RECIPES if path.parent.name == "google_seq2seq"
}
# Parts of a configuration, which the tutorial merges with a model's file.
PARTS = (
    ("train_seq2seq", "text_metrics_bpe"),
    ("train_seq2seq_delay_start", "text_metrics_sp"),
)
MODELS = [path for path in RECIPES if path.stem not in {*PARTS[0], *PARTS[1]}]
# Weights of google/seq2seq's models with 23 and with 32,003 words a side.
COUNTS = {
    "nmt_small": (501_911, 12_814_211),
    "nmt_medium": (2_381_079, 26_973_699),
    "nmt_large": (20_501_015, 69_654_275),
    "nmt_conv": (22_861_079, 72_014_339),
    "nmt_conv_small": (666_263, 12_978_563),
}
PUBLISHED = {
    "metric",
    "value",
    "split",
    "signature",
    "commit",
    "minutes",
    "tokens_per_second",
    "command",
}
# Laid over a recipe: as it is, but small, and three steps long.
REDUCED = """\
model_params:
  embedding.dim: 6
  attention.params: {num_units: 5}
  encoder.params: ENCODER
  decoder.params: DECODER
  inference.max_decode_length: 12
train_steps: 3
eval_every_n_steps: 3
batch_size: 32
"""
CELLS_OF_8 = "{rnn_cell: {cell_params: {num_units: 8}}}"
REDUCED_ENCODERS = {
    "BidirectionalRNNEncoder": CELLS_OF_8,
    "HybridRNNEncoder": CELLS_OF_8,
    "ConvEncoder": "{attention_cnn.units: 5, output_cnn.units: 7}",
    "ImageEncoder": "{resize_height: 32, resize_width: 32, num_units: 7}",
    "ConvS2SEncoder": "{layers: [[8, 3], [8, 3]]}",
}
REDUCED_DECODERS = {
    "AttentionDecoder": CELLS_OF_8,
    "BasicDecoder": CELLS_OF_8,
    "ConvS2SDecoder": "{layers: [[8, 3], [8, 3]]}",
}
# For those that leave the data to the user.
DATA = """\
model_params: {vocab_source: vocab.txt, vocab_target: vocab.txt}
input_pipeline_train: &data
  class: ParallelTextInputPipeline
  params: {source_files: text.txt, target_files: text.txt}
input_pipeline_dev: *data
"""
SUBWORDS = 40  # of a text of a few hundred letters

results = [
    {"metric": "wer", "value": 12.5, "signature": "nrefs:1|tok:space"},
    {"metric": "per", "value": 3.25, "signature": "nrefs:1|tok:space"},
]


@pytest.fixture
def publish():
    return benchmark("publish")


def name_of(path):
    return str(path.relative_to(ROOT))


def layers_of(path):
    """The file and what it is merged with; historical parts take turns."""
    if path.stem not in COUNTS:
        return [path]
    turn = list(COUNTS).index(path.stem) % len(PARTS)
    return [path, *(HISTORICAL[name] for name in PARTS[turn])]


def small(path, folder):
    """The recipe's configuration over made-up data, reduced."""
    plain = load([path], complete=False)
    layers = [*layers_of(path), folder / "reduced.yml"]
    encoder = REDUCED_ENCODERS[plain.model_params.encoder_class]
    decoder = REDUCED_DECODERS[plain.model_params.decoder_class]
    reduced = REDUCED.replace("ENCODER", encoder).replace("DECODER", decoder)
    if plain.model == "BasicSeq2Seq":
        reduced = re.sub(r".*attention.params.*\n", "", reduced)
    layers[-1].write_text(reduced)
    if plain.input_pipeline_train is None:
        (folder / "data.yml").write_text(DATA)
        layers.append(folder / "data.yml")
    places = {"data_dir": str(folder), "output_dir": str(folder / "run")}
    config = load(", ".join(str(layer) for layer in layers), places)
    write_data(config, folder)
    prepare = tuple(
        one.model_copy(update={"size": one.size and SUBWORDS})
        for one in config.prepare
    )
    return config.model_copy(update={"prepare": prepare})


def write_data(config, folder):
    """Whatever files the configuration reads, in a language of digits."""
    words = [str(number) for number in range(10, 30)]
    random = np.random.default_rng(1)
    for pipeline in (config.input_pipeline_train, config.input_pipeline_dev):
        given = pipeline.params
        if config.model == "Image2Seq":
            write_pictures(given, words, random)
            continue
        # A file of columns has both sides in it.
        columns = 1 if given.target_column is None else given.target_column + 1
        for name in given.source_files + given.target_files:
            lines = [
                "\t".join(
                    " ".join(random.choice(words, 5)) for _ in range(columns)
                )
                for _ in range(40)
            ]
            write(Path(name), lines)
    made = {one.output for one in config.prepare}
    if config.model == "Image2Seq":
        network = EfficientNetLite0(input_shape=(32, 32, 3))
        arrays = {
            f"{layer.name}.{weight.name}": np.asarray(weight)
            for layer in network.layers
            for weight in layer.weights
        }
        path = Path(config.model_params.encoder_params.weights)
        path.parent.mkdir(parents=True)
        np.savez(path, **arrays)
    for name in (
        config.model_params.vocab_source,
        config.model_params.vocab_target,
    ):
        if name and name not in made:
            write(Path(name), words)


def write_pictures(given, words, random):
    """Some pictures of noise, of which a split names all."""
    names = [f"{number}.png" for number in range(8)]
    write(Path(given.split_file), names)
    lines = [f"{n}\t{' '.join(random.choice(words, 5))}" for n in names * 5]
    write(Path(given.captions_files[0]), lines)
    for name in names:
        pixels = random.integers(0, 256, (9, 9, 3), "uint8")
        path = Path(given.image_dir) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)


def write(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))


def test_there_are_recipes():
    names = {path.name for path in RECIPES}
    assert {"quickstart.yml", "toy_reversal.yml"} <= names


def test_the_historical_configurations_are_all_there():
    parts = [name for both in PARTS for name in both]
    assert set(HISTORICAL) == {*COUNTS, *parts}
    for path in MODELS:
        assert load([path], complete=False).model, path
    # Whatever a part says arrives in the merged configuration.
    for path in HISTORICAL.values():
        if path.stem in COUNTS:
            config = load([str(each) for each in layers_of(path)], None, False)
            assert config.buckets == (10, 20, 30, 40)
            assert len(config.hooks) == 4
            assert len(config.metrics) == 9


@pytest.mark.parametrize("name", COUNTS)
def test_historical_models_have_the_weights_of_the_original(name):
    config = load([HISTORICAL[name]], complete=False)
    side = types.SimpleNamespace(vocabulary_size=23)
    model = recipe.model(config, (side, side))
    shapes = [tuple(each.shape) for each in model.trainable_variables]
    weights = sum(math.prod(shape) for shape in shapes)
    # Tables and projection grow by the word, nothing else does.
    by_word = sum(math.prod(shape) // 23 for shape in shapes if 23 in shape)
    assert (weights, weights + (32_003 - 23) * by_word) == COUNTS[name]


# Those of the shared task are equal but for their files, and one of Sockeye's
# but for its length, see below.
ALIKE = {f"sigmorphon2021_{name}" for name in ("dut", "geo", "hun", "jpn_hira")}
ALIKE |= {"sockeye_sort_rnn"}
# Models that no other test trains; the others train with -m slow.
QUICK = {"multi30k_de_en_convs2s", "image2seq_flickr8k"}
TRAINED = [
    pytest.param(path, marks=[pytest.mark.slow] * (path.stem not in QUICK))
    for path in MODELS
    if path.stem not in ALIKE
]


@pytest.mark.parametrize("path", TRAINED, ids=name_of)
def test_recipe_trains_at_reduced_width(path, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_SEQ2SEQ_CACHE", str(tmp_path / "cache"))
    config = small(path, tmp_path)
    run = training.train(config, say=lambda line: None)
    assert int(run.model.optimizer.iterations) == 3
    last = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()[-1]
    assert np.isfinite(json.loads(last)["val_loss"])
    drawn = list((tmp_path / "run" / "samples").glob("attention_*.png"))
    decodes = config.decoding is not None
    assert bool(drawn) == (decodes and run.model.has_attention)


@pytest.mark.parametrize("path", RECIPES, ids=name_of)
def test_published_numbers_say_where_they_come_from(path):
    published = load([path], complete=False).published
    for one in published:
        assert set(one) == PUBLISHED
    course = path.with_suffix(".metrics.jsonl")
    assert course.exists() == bool(published)


def test_the_toy_benchmark_has_a_published_number():
    (path,) = (path for path in RECIPES if path.stem == "toy_reversal")
    (one,) = load([path], complete=False).published
    assert one["metric"] == "exact_match"
    assert one["value"] > 99


def test_recipes_of_the_shared_task_differ_in_their_files_only():
    texts = {
        re.sub(
            rf"{path.stem.partition('_')[2]}_|^#.*\n|(?s:^published:.*)",
            "",
            path.read_text(),
            flags=re.MULTILINE,
        ).rstrip()
        for path in RECIPES
        if path.name.startswith("sigmorphon2021_")
    }
    assert len(texts) == 1


def test_sockeyes_two_tasks_differ_in_their_length_only():
    copy, sort = (
        load([ROOT / "zoo" / f"sockeye_{task}_rnn.yml"], complete=False)
        for task in ("copy", "sort")
    )
    ours = {"train_steps": copy.train_steps, "published": copy.published}
    assert sort.train_steps > copy.train_steps
    assert sort.model_copy(update=ours) == copy


@pytest.mark.parametrize(
    ("task", "least_bleu", "most_perplexity"),
    [
        ("copy_rnn", 99, 1.02),
        ("copy_cnn", 98, 1.02),
        ("sort_rnn", 98, 1.04),
        ("sort_cnn", 96, 1.07),
    ],
)
def test_sockeyes_tasks_are_learned_as_well_as_sockeye_demands(
    task, least_bleu, most_perplexity
):
    path = ROOT / "zoo" / f"sockeye_{task}.yml"
    published = load([path], complete=False).published
    values = {one["metric"]: one["value"] for one in published}
    course = path.with_suffix(".metrics.jsonl").read_text("utf-8")
    last = json.loads(course.splitlines()[-1])
    assert values["bleu"] >= least_bleu
    assert last["val_perplexity"] <= most_perplexity


def test_the_baseline_of_captions_differs_in_its_one_cell():
    one, other = (
        load([ROOT / "zoo" / f"image2seq_flickr8k{end}.yml"]).model_dump()
        for end in ("", "_no_attention")
    )
    choices = [
        each["model_params"]["encoder_params"].pop("pool")
        for each in (one, other)
    ]
    assert choices == [False, True]
    for each in (one, other):
        del each["published"]
    assert one == other


def test_the_baseline_of_replies_has_as_many_weights_and_no_attention():
    letters = Vocabulary(chr(0x4E00 + number) for number in range(6000))
    pair = [DelimiterTokenizer(letters)] * 2
    one, other = (
        load([ROOT / "zoo" / f"chitchat_reply{end}.yml"])
        for end in ("", "_basic")
    )
    sizes = [recipe.model(each, pair).count_params() for each in (one, other)]
    assert sizes[1] == pytest.approx(sizes[0], rel=0.01)
    alike = [
        each.model_dump(exclude={"model", "model_params", "published"})
        for each in (one, other)
    ]
    assert alike[0] == alike[1]


def test_published_block_replaces_the_old_one_and_nothing_else(publish):
    text = "# Why.\nmodel: BasicSeq2Seq  # what\n"
    once = publish.with_block(text, results[:1])
    assert once.startswith(text)
    twice = publish.with_block(once + "\n# After.\nbatch_size: 3\n", results)
    assert "# After.\nbatch_size: 3\n" in twice
    assert twice.startswith(text)
    assert publish.with_block(once, results) == publish.with_block(
        text, results
    )


def test_published_block_reads_back(publish, tmp_path):
    path = tmp_path / "recipe.yml"
    path.write_text(publish.with_block("batch_size: 3\n", results))
    config = load([str(path)], complete=False)
    assert list(config.published) == results
    assert config.batch_size == 3


@pytest.fixture
def repository(tmp_path):
    """A commit of a recipe, and a run that is younger."""
    write(tmp_path / "zoo" / "some.yml", ["batch_size: 3"])
    for command in (
        ["init", "--quiet"],
        ["add", "."],
        [
            *("-c", "user.name=a", "-c", "user.email=a@b.c"),
            *("commit", "--quiet", "-m", "a"),
        ],
    ):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    return tmp_path


def test_numbers_are_for_the_commit_that_is_checked_out(
    publish, repository, tmp_path_factory
):
    run = tmp_path_factory.mktemp("run")
    write(run / "config.json", ["{}"])
    path = repository / "zoo" / "some.yml"
    commit = publish.clean_commit(path, run)
    assert len(commit) == 40
    write(repository / "code.py", ["1"])
    with pytest.raises(UserError, match="code.py"):
        publish.clean_commit(path, run)


def test_a_run_older_than_the_commit_is_refused(
    publish, repository, tmp_path_factory
):
    run = tmp_path_factory.mktemp("run")
    write(run / "config.json", ["{}"])
    os.utime(run / "config.json", (1.0, 1.0))
    with pytest.raises(UserError, match="began before commit"):
        publish.clean_commit(repository / "zoo" / "some.yml", run)


def test_only_a_run_of_the_recipe_itself_is_published(publish, tmp_path):
    path, run = ROOT / "zoo" / "toy_reversal.yml", tmp_path / "run"
    places = {"data_dir": str(tmp_path), "output_dir": str(run)}
    config = load([path], places)
    write_data(config, tmp_path)
    pair = recipe.tokenizers(config)
    write_run(run, config, pair)
    publish.check_recipe(path, run)
    for name in ("train_steps", "batch_size"):
        write_run(run, config.model_copy(update={name: 7}), pair)
        with pytest.raises(UserError, match=f"{name}.* 7"):
            publish.check_recipe(path, run)


def test_a_split_may_be_pictures_with_several_captions(publish, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    write(tmp_path / "captions.tsv", ["a.png\tA cat.", "a.png\tone animal"])
    places = {"image_dir": str(tmp_path), "normalize": True}
    places["captions_files"] = str(tmp_path / "captions.tsv")
    section = {"class": "ImageCaptionTSVInputPipeline", "params": places}
    given = types.SimpleNamespace(input_pipeline=json.dumps(section))
    model = types.SimpleNamespace(
        tokenizers=(None, None),
        generate=lambda pictures: [
            types.SimpleNamespace(text=Path(each).name) for each in pictures
        ],
    )
    written, references = publish.answers(model, publish.split_of(given))
    assert written == ["a.png"]
    assert references == [["a cat"], ["one animal"]]


def test_references_must_be_named(publish):
    with pytest.raises(SystemExit, match="--target or --target_column"):
        publish.main(["run", "x.yml", "--metric", "wer", "--source", "s.tsv"])
