from keras_seq2seq.config.merge import Merge


def merged(*sources):
    merge = Merge()
    for index, values in enumerate(sources):
        merge.add(values, lambda key, index=index: f"file{index}")
    return merge


def test_mappings_merge_and_all_else_is_replaced():
    first = {"a": {"x": 1, "y": [1, 2]}, "b": 5}
    second = {"a": {"y": [3]}, "b": {"z": 1}}
    assert merged(first, second).values == {
        "a": {"x": 1, "y": [3]},
        "b": {"z": 1},
    }


def test_a_scalar_replaces_a_mapping():
    merge = merged({"a": {"x": 1}}, {"a": 5})
    assert merge.values == {"a": 5}
    assert merge.source_of(("a", "x")) == "file1"


def test_sources_are_not_changed():
    first, second = {"a": {"x": 1}}, {"a": {"y": 2}}
    merged(first, second)
    assert (first, second) == ({"a": {"x": 1}}, {"a": {"y": 2}})


def test_each_setting_knows_its_last_source():
    merge = merged({"a": {"x": 1, "y": 2}}, {"a": {"y": 3}})
    assert merge.source_of(("a", "x")) == "file0"
    assert merge.source_of(("a", "y")) == "file1"


def test_list_items_have_the_source_of_the_list():
    assert merged({"a": [{"b": 1}]}).source_of(("a", 0, "b")) == "file0"


def test_nested_and_dotted_settings_meet():
    first = {"model_params": {"embedding": {"dim": 5}}}
    second = {"model_params": {"embedding.dim": 6}}
    assert merged(first, second).values == {
        "model_params": {"embedding.dim": 6}
    }


def test_settings_of_convolutions_meet_too():
    def conv(params):
        return {"model_params": {"encoder.params": params}}

    merge = merged(
        conv({"attention_cnn": {"units": 5}}), conv({"attention_cnn.units": 6})
    )
    assert merge.values == conv({"attention_cnn.units": 6})


def test_a_later_name_of_the_decode_length_replaces_the_other():
    long = {"model_params": {"inference.max_decode_length": 7}}
    short = {"model_params": {"decoder.params": {"max_decode_length": 8}}}
    assert merged(short, long).values["model_params"] == {
        "decoder.params": {},
        "inference.max_decode_length": 7,
    }
    assert merged(long, short).values == short


def test_later_checkpoint_steps_replace_earlier_seconds():
    merge = merged({"save_checkpoints_secs": 5}, {"save_checkpoints_steps": 6})
    assert merge.values == {"save_checkpoints_steps": 6}


def test_a_setting_given_twice_in_one_source_is_an_error():
    values = {"model_params": {"embedding.dim": 5, "embedding": {"dim": 6}}}
    errors = Merge().add(values, lambda key: "x.yml")
    assert errors == [
        "x.yml: model_params has 'embedding.dim' twice, dotted and nested. "
        "Keep one"
    ]
