"""Which form a body has, and which form the answer should have."""

from keras_seq2seq.serving import json_body, json_lines_body, record_body
from keras_seq2seq.serving.refusal import Refusal

# Modules with `read(body) -> Instances` and `write(answers) -> body`.
FORMS = {
    form.MEDIA_TYPE: form for form in (json_body, json_lines_body, record_body)
}


def form_of_request(headers):
    """The form of a request's body.

    Args:
        headers: mapping of HTTP headers.

    Raises:
        Refusal: 415, another type, character set or encoding.
    """
    given = headers.get("content-type", "")
    name, _, parameters = given.partition(";")
    form = FORMS.get(name.strip().lower())
    if form is None:
        raise Refusal(
            415,
            f"Content-Type: expected one of {', '.join(FORMS)}. Received "
            f"{given[:100] or 'none'}.",
        )
    for parameter in parameters.split(";"):
        key, _, value = parameter.partition("=")
        value = value.strip(" \"'").lower()
        if key.strip().lower() == "charset" and value not in ("utf-8", "utf8"):
            raise Refusal(
                415,
                f"Content-Type: expected UTF-8. Received {given[:100]}.",
            )
    encoding = headers.get("content-encoding", "identity")
    if encoding.strip().lower() != "identity":
        raise Refusal(
            415,
            "Content-Encoding: expected a body as it is. Received "
            f"{encoding[:100]}.",
        )
    return form


def form_of_response(headers, form):
    """The form of the answer: the request's, if the client accepts it.

    Args:
        headers: mapping of HTTP headers.
        form: the request's form.

    Raises:
        Refusal: 406, `Accept` names no form that there is.
    """
    accept = headers.get("accept", "").strip()
    if not accept:
        return form
    weights = dict(map(_weight, accept.split(",")))
    ordered = [form, *(one for one in FORMS.values() if one is not form)]
    best = max(ordered, key=lambda one: _liking(weights, one.MEDIA_TYPE))
    if _liking(weights, best.MEDIA_TYPE) <= 0:
        raise Refusal(
            406,
            f"Accept: expected one of {', '.join(FORMS)}. Received "
            f"{accept[:100]}.",
        )
    return best


def _weight(text):
    """Media range and weight of one part of `Accept`."""
    name, *parameters = text.split(";")
    weight = 1.0
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "q":
            try:
                weight = float(value)
            except ValueError:
                weight = 0.0
    return name.strip().lower(), weight


def _liking(weights, media_type):
    """The weight of the narrowest range that a type belongs to."""
    wide = f"{media_type.partition('/')[0]}/*"
    ranges = (media_type, wide, "*/*")
    return next((weights[one] for one in ranges if one in weights), 0.0)
