"""Every error of a domain has its HTTP answer, and every answer has one shape."""

import json

import pytest
from django.http import Http404
from rest_framework import exceptions

import feedback.errors
import ranking.errors
from config.exceptions import HTTP_OF_ERROR, api_exception_handler, error_body

BASES = (ranking.errors.RankingError, feedback.errors.FeedbackError)
DOMAIN_ERRORS = [
    error
    for module in (ranking.errors, feedback.errors)
    for error in vars(module).values()
    if isinstance(error, type) and issubclass(error, Exception) and error not in BASES
]


def answer_to(error):
    answer = api_exception_handler(error, {"view": None, "request": None})
    assert set(answer.data) == {"error"}
    assert set(answer.data["error"]) == {"code", "message", "fields"}
    json.dumps(answer.data)
    return answer.status_code, answer.data["error"]


@pytest.mark.parametrize("error", DOMAIN_ERRORS, ids=lambda error: error.__name__)
def test_every_error_of_a_domain_stands_in_the_table(error):
    status, code = HTTP_OF_ERROR[error]
    raised = error(["in words"])  # some take one sentence, some several
    assert answer_to(raised) == (status, error_body(code, str(raised))["error"])


def test_no_two_errors_share_a_code():
    codes = [HTTP_OF_ERROR[error][1] for error in DOMAIN_ERRORS]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("base", BASES)
def test_an_error_that_the_table_does_not_know_yet_is_refused_and_no_failure(base):
    class Unlisted(base):
        pass

    assert answer_to(Unlisted("in words"))[0] == 400


def test_the_field_that_is_wrong_is_named():
    _, error = answer_to(feedback.errors.InvalidJudgement("not a permutation", "order"))
    assert error["fields"] == {"order": ["not a permutation"]}


FRAMEWORK = [
    (exceptions.NotAuthenticated(), 401, "not_authenticated"),
    (exceptions.AuthenticationFailed(), 401, "authentication_failed"),
    (exceptions.PermissionDenied(), 403, "permission_denied"),
    (exceptions.NotFound("mandate 7 of another organisation"), 404, "not_found"),
    (Http404("mandate 7 of another organisation"), 404, "not_found"),
    (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
    (exceptions.ParseError("no JSON"), 400, "parse_error"),
    (exceptions.Throttled(wait=3), 429, "throttled"),
]


@pytest.mark.parametrize(("error", "status", "code"), FRAMEWORK)
def test_errors_of_the_framework_have_the_same_shape(error, status, code):
    found, body = answer_to(error)
    assert (found, body["code"]) == (status, code)


def test_a_foreign_object_and_a_missing_one_answer_the_same():
    assert answer_to(Http404("No Query matches")) == answer_to(exceptions.NotFound("mandate 7 of another"))


def test_nested_validation_errors_name_their_path():
    detail = {"items": [{}, {"rank": ["Not a number."]}], "non_field_errors": ["Too short."], "seed": "Odd."}
    status, error = answer_to(exceptions.ValidationError(detail))
    assert (status, error["code"]) == (400, "invalid")
    assert error["fields"] == {"items.1.rank": ["Not a number."], "": ["Too short."], "seed": ["Odd."]}
    assert error["message"] == "items.1.rank: Not a number.; Too short.; seed: Odd."


def test_what_nobody_foresaw_stays_a_failure():
    assert api_exception_handler(ZeroDivisionError(), {"view": None, "request": None}) is None


def test_an_unknown_address_under_the_api_answers_in_json(client):
    answer = client.get("/api/v1/nothing-here/")
    assert answer.status_code == 404
    assert answer.json() == error_body("not_found", "Not found.")
