"""Plivo's V3 signature, held against the validator of Plivo's SDK."""

from __future__ import annotations

from urllib.parse import urlencode

from hypothesis import given, settings
from hypothesis import strategies as st
from plivo.utils import validate_v3_signature

from plivo_reject.signature import sign, valid

text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=8)
pairs = st.lists(st.tuples(text.filter(bool), text), max_size=5)
plain = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=6)
hosts = st.sampled_from(["example.com", "example.com:8443", "127.0.0.1:5000"])


def as_dict(given_pairs: list[tuple[str, str]]) -> dict[str, str | list[str]]:
    found: dict[str, str | list[str]] = {}
    for name, _ in given_pairs:
        values = [value for other, value in given_pairs if other == name]
        found[name] = values[0] if len(values) == 1 else values
    return found


@settings(max_examples=300)
@given(hosts, st.lists(st.tuples(plain, plain), max_size=4), pairs, st.sampled_from(["GET", "POST"]))
def test_the_sdk_believes_what_is_signed_here(
    host: str, query: list[tuple[str, str]], body: list[tuple[str, str]], method: str
) -> None:
    url = f"https://{host}/reject_calls/" + (f"?{urlencode(query)}" if query else "")
    body = body if method == "POST" else []
    signature = sign("token", method, url, body, "123")
    assert validate_v3_signature(method, url, "123", "token", signature, as_dict(body))
    assert valid(["old", "token"], method, [url], body, "123", f"nonsense, {signature}")


@given(pairs, st.integers(0, 3))
def test_nothing_else_is_believed(body: list[tuple[str, str]], changed: int) -> None:
    url = "https://example.com/reject_calls/"
    signature = sign("token", "POST", url, body, "123")
    facts = [("token", url, "123", body), ("other", url, "123", body), ("token", url + "x", "123", body)]
    facts += [("token", url, "124", body)]
    token, called, nonce, parameters = facts[changed]
    assert valid([token], "POST", [called], parameters, nonce, signature) is (changed == 0)
