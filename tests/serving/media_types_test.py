import pytest

from keras_seq2seq.serving import json_body, json_lines_body, record_body
from keras_seq2seq.serving.media_types import form_of_request, form_of_response
from keras_seq2seq.serving.refusal import Refusal


@pytest.mark.parametrize(
    ("given", "form"),
    [
        ("application/json", json_body),
        ("APPLICATION/JSON ; charset=utf-8", json_body),
        ("application/jsonlines", json_lines_body),
        ("application/x-recordio-protobuf", record_body),
    ],
)
def test_a_content_type_names_a_form(given, form):
    assert form_of_request({"content-type": given}) is form


@pytest.mark.parametrize(
    "given", ["", "application/xml", "json", "application/json;charset=utf-16"]
)
def test_other_content_types_are_refused_by_name(given):
    with pytest.raises(Refusal) as refused:
        form_of_request({"content-type": given})
    assert refused.value.status == 415
    assert "Content-Type" in refused.value.message


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", json_lines_body),
        ("*/*", json_lines_body),
        ("application/*", json_lines_body),
        ("application/json", json_body),
        ("text/html, application/json;q=0.2", json_body),
        ("application/json;q=0.5, application/jsonlines;q=0.4", json_body),
        ("application/json, */*;q=0.1", json_body),
        ("application/jsonlines;q=0, */*", json_body),
    ],
)
def test_the_best_form_that_is_accepted_is_chosen(accept, form):
    headers = {"accept": accept} if accept else {}
    assert form_of_response(headers, json_lines_body) is form


@pytest.mark.parametrize("accept", ["text/html", "*/*;q=0", "a;q=b", ";"])
def test_without_any_that_is_accepted_the_request_is_refused(accept):
    with pytest.raises(Refusal) as refused:
        form_of_response({"accept": accept}, json_body)
    assert refused.value.status == 406
