import pytest

from keras_seq2seq.config.automatic import (
    Facts,
    Pace,
    Side,
    most_passes,
    schedule,
    settings,
    subwords,
    tokens_of,
)
from keras_seq2seq.config.files import load
from keras_seq2seq.data.write_file import write_file

# As measured on the data of the recipes.
SPELLING = Side(8_000, 8_000, 40, 60_000, 1, 15)
SOUNDS = Side(46_000, 39, 39, 50_000, 12, 24)
ENGLISH = Side(377_000, 9_800, 40, 1_500_000, 25, 130)
GERMAN = Side(360_000, 18_000, 45, 1_800_000, 24, 150)
JAPANESE = Side(30_000, 30_000, 3_000, 1_200_000, 1, 90)
SPOKEN = Facts(8_000, 280, SPELLING, SOUNDS, 0.5, True)
TRANSLATED = Facts(29_000, 1_000, ENGLISH, GERMAN, 0.78, True)
PACE = Pace(steps_per_minute=100, steps_per_pass=125)


@pytest.mark.parametrize(
    ("side", "pairs", "expected"),
    [
        (SPELLING, 8_000, "characters"),
        (SOUNDS, 8_000, "words"),
        (ENGLISH, 29_000, "subwords"),
        (JAPANESE, 29_000, "subwords"),
        (Side(900, 60, 20, 4_000, 12, 60), 100, "words"),
    ],
)
def test_text_is_cut_as_it_needs_to_be(side, pairs, expected):
    assert tokens_of(side, pairs) == expected


def test_sides_of_one_alphabet_share_subwords_and_embeddings():
    params = settings(TRANSLATED)["model_params"]
    assert params["vocab_source"] == params["vocab_target"] == "joint.model"
    assert params["embedding.share"] == "all"
    apart = settings(TRANSLATED._replace(shared_letters=0.1))
    assert "embedding.share" not in apart["model_params"]
    assert [each["output"] for each in apart["prepare"]] == [
        "source.model",
        "target.model",
    ]


def test_symbols_are_scored_by_errors_and_text_by_bleu():
    assert settings(SPOKEN)["dev_decoding"] == {"metric": ["wer", "per"]}
    scores = settings(TRANSLATED)["dev_decoding"]
    assert scores == {"metric": ["bleu"], "tokenize": "none"}


def test_text_without_spaces_is_measured_in_letters():
    chosen = settings(TRANSLATED._replace(target=JAPANESE))
    assert chosen["model_params"]["target.max_seq_len"] == 2 * 90
    assert chosen["dev_decoding"]["tokenize"] == "char"


def test_as_much_can_be_written_as_was_learnt():
    params = settings(TRANSLATED)["model_params"]
    written = params["inference.max_decode_length"]
    assert written == params["target.max_seq_len"] + 1


def test_bfloat16_is_chosen_only_where_there_is_hardware_for_it():
    assert settings(TRANSLATED)["precision"] == "mixed_bfloat16"
    plain = TRANSLATED._replace(bfloat16=False)
    assert settings(plain)["precision"] == "float32"
    assert settings(SPOKEN)["precision"] == "mixed_bfloat16"


def test_subword_vocabularies_grow_with_the_text_and_stay_below_its_types():
    ours, _ = subwords(TRANSLATED, joint=True)
    more = ENGLISH._replace(words=10**8, types=10**6)
    assert 7_000 < ours < 9_000
    assert 2 * ours < subwords(TRANSLATED._replace(source=more), True)[0]
    few = ENGLISH._replace(types=1_000)
    assert subwords(TRANSLATED._replace(source=few), False)[0] == 800


def test_subword_vocabularies_hold_the_whole_alphabet():
    signs = JAPANESE._replace(words=2_000, types=2_000, letters=5_000)
    facts = TRANSLATED._replace(source=signs)
    assert subwords(facts, joint=False)[0] > 5_000
    assert subwords(facts, joint=True)[0] > 5_000 + GERMAN.letters


def test_a_model_without_attention_gets_no_settings_of_it():
    params = settings(SPOKEN, "BasicSeq2Seq")["model_params"]
    assert not any("attention" in name for name in params)
    assert "input_feeding" not in params["decoder.params"]


def test_large_corpora_are_passed_over_less_often():
    passes = [most_passes(10**n) for n in range(3, 8)]
    assert passes == sorted(passes, reverse=True)
    assert most_passes(8_000) == 60
    assert passes[-1] == 3


def test_a_run_ends_with_the_time_or_when_it_has_seen_enough():
    short = schedule(SPOKEN, PACE, minutes=10)
    assert short["train_steps"] == 880
    assert short["model_params"]["optimizer.lr_decay_steps"] == 880
    assert short["model_params"]["optimizer.lr_decay_by_time"]
    assert "optimizer.lr_decay_by_time" not in str(
        schedule(SPOKEN, PACE, minutes=None)
    )
    for minutes in (10_000, 1e308, None):
        long = schedule(SPOKEN, PACE, minutes)
        assert long["train_steps"] == 60 * 125


def test_evaluations_take_a_tenth_of_the_time_at_most():
    half = SPOKEN._replace(held_out=4_000)
    every = schedule(half, PACE, minutes=10)["eval_every_n_steps"]
    assert every == 10 * 125 / 2


@pytest.mark.parametrize("facts", [SPOKEN, TRANSLATED])
def test_what_is_chosen_is_a_valid_configuration(facts, tmp_path):
    import yaml

    path = write_file(tmp_path / "a.yml", yaml.safe_dump(settings(facts)))
    config = load([path], complete=False)
    assert config.keep_best >= config.average.count
