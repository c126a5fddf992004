"""What is read of a request, whatever it looks like."""

import time
import tracemalloc
from typing import Any

import pytest

from coterie.router.prompt import BRIEF, CONTEXT, TEXT, read_prompt


def chat(*messages: tuple[str, Any], **fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": text} for role, text in messages], **fields}


def test_the_last_message_is_judged_and_those_before_it_are_its_context() -> None:
    prompt = read_prompt(
        chat(("system", "Be kind."), ("user", "first"), ("assistant", "yes"), ("user", "last"))
    )
    assert (prompt.text, prompt.context, prompt.turns) == ("last", "first", 2)
    assert prompt.judged == "last\nfirst"
    assert prompt.tokens == len("Be kind.firstyeslast") // 4
    assert not prompt.begins


def test_a_long_message_is_judged_alone() -> None:
    prompt = read_prompt(chat(("user", "first"), ("user", "x" * BRIEF)))
    assert prompt.judged == "x" * BRIEF


def test_megabytes_cost_nothing_and_are_read_at_both_ends() -> None:
    half = "ä" * 8_000_000
    body = chat(*[("user", f"begin {half} def main(): {half} end")] * 2)
    began = time.process_time()  # the machine may be busy with something else
    prompt = read_prompt(body)
    assert time.process_time() - began < 0.5
    tracemalloc.start()
    again = read_prompt(body)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert again == prompt
    assert peak_bytes < 100_000  # of a request of megabytes
    assert not prompt.code  # which stands where nobody looks
    assert prompt.text.startswith("begin ")
    assert prompt.text.endswith(" end")
    assert len(prompt.text) == TEXT + 1
    assert len(prompt.context) == CONTEXT + 1
    assert prompt.tokens == pytest.approx(16_000_000, rel=0.01)


@pytest.mark.parametrize(
    "text", ["{\n" * 5000, "import " * 3000, " " * 9000, "\n" * 9000, "SELECT " * 2000, "(" * 9000]
)
def test_odd_texts_are_searched_for_code_in_no_time(text: str) -> None:
    began = time.process_time()
    read_prompt(chat(("user", text)))
    assert time.process_time() - began < 0.1  # a search that is not linear takes longer


@pytest.mark.parametrize(
    "text",
    [
        "```\nls\n```",
        "what does `x` do\n```py\nx()\n```",
        "def add(a, b):\n    return a",
        "  class Foo:\n",
        "import os\n",
        "from a.b import c",
        "#include <stdio.h>",
        "public static void main",
        "function f() { return 1 }",
        "const x = 1;",
        "SELECT name FROM users WHERE 1",
        "#!/bin/sh",
        "Traceback (most recent call last):",
        "if (a) {\n  b();\n}\n",
        "<p>hi</p>",
        "Fix this: def f(x): return x +",
        "what does fn main() { } do",
        "call def foo(a, b) -> int: now",
    ],
)
def test_code_is_seen(text: str) -> None:
    assert read_prompt(chat(("user", text))).code


@pytest.mark.parametrize(
    "text",
    [
        "Which class should I take?",
        "I import wine from Italy; it is good.",
        "let me know {soon}",
        "functions of the liver",
        "x < y > z",
        "select a gift from this list",
        "the function of the heart (a pump) is: what",
        "a def jam (loud): yes",
    ],
)
def test_prose_is_no_code(text: str) -> None:
    assert not read_prompt(chat(("user", text))).code


def test_parts_tools_images_and_json_are_seen() -> None:
    parts = [
        {"type": "text", "text": "what is"},
        {"type": "image_url", "image_url": {"url": "data:"}},
        "this",
        7,
    ]
    body = chat(
        ("user", parts),
        tools=[{"type": "function"}],
        response_format={"type": "json_schema"},
        metadata={"team": "red", "n": 1, "yes": True, "deep": {}, "none": None},
    )
    prompt = read_prompt(body, output_tokens=7)
    assert prompt.text == "what is\nthis"
    assert (prompt.images, prompt.tools, prompt.json) == (True, True, True)
    assert prompt.wants == ("tools", "json", "images")
    assert prompt.metadata == {"team": "red", "n": "1", "yes": "true"}
    assert prompt.output_tokens == 7


def test_completions_and_responses_are_read_as_well() -> None:
    assert read_prompt({"prompt": "go on"}).text == "go on"
    assert read_prompt({"prompt": ["one", "two"]}).text == "two"
    assert read_prompt({"prompt": [1] * 100}).tokens == 100
    response = read_prompt(
        {
            "instructions": "Be brief.",
            "input": [
                {"role": "user", "content": [{"type": "input_text", "text": "hi"}]},
                {"role": "user", "content": [{"type": "input_image"}]},
            ],
            "text": {"format": {"type": "json_object"}},
        }
    )
    assert (response.text, response.context, response.images) == ("", "hi", True)
    assert response.json
    assert read_prompt({"input": "hi"}).text == "hi"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messages": None},
        {"messages": 5},
        {"messages": {}},
        {"messages": []},
        {"messages": [None, 1, [], "text", {}, {"role": 5, "content": 5}]},
        {"messages": [{"role": "user"}, {"role": "user", "content": None}]},
        {"messages": [{"role": "user", "content": [None, {"text": 5}, {"type": []}]}]},
        {"prompt": {"a": 1}},
        {"prompt": [[1, 2], [3]]},
        {"prompt": [1.5, None]},
        {"messages": [], "tools": {}, "functions": 3, "metadata": [1], "response_format": "json"},
        {"prompt": "x", "text": 3, "instructions": [], "conversation": 5, "prompt_cache_key": []},
        {"messages": [], "metadata": {"huge": 10**5000, "big": -(2**70)}},
        {"prompt": "\ud800", "metadata": {"a": float("nan")}},
    ],
)
def test_no_body_is_too_odd(body: dict[str, Any]) -> None:
    prompt = read_prompt(body)
    assert prompt.tokens < 10
    assert not prompt.wants
    assert len(prompt.conversation) == 32


def test_tools_count_and_what_cannot_be_written_does_not() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert read_prompt({"prompt": "", "tools": [{"name": "x" * 400}]}).tokens > 100
    assert read_prompt({"prompt": "", "tools": [deep], "functions": [10**5000]}).tokens == 0
    while deep:  # piece by piece: freed at once it would overflow the stack
        deep = deep.pop()


def test_a_conversation_is_known_by_its_beginning() -> None:
    first = read_prompt(chat(("system", "s"), ("user", "hi")), tenant="t")
    later = read_prompt(
        chat(("system", "s"), ("user", "hi"), ("assistant", "a"), ("user", "b")), tenant="t"
    )
    assert first.conversation == later.conversation
    assert first.turn != later.turn
    assert (first.begins, later.begins) == (True, False)
    others = [
        read_prompt(chat(("system", "s"), ("user", "hi")), tenant="u"),
        read_prompt(chat(("system", "z"), ("user", "hi")), tenant="t"),
        read_prompt(chat(("system", "s"), ("user", "ho")), tenant="t"),
    ]
    assert len({one.conversation for one in (first, *others)}) == 4


def test_a_client_may_give_the_conversations_key() -> None:
    body = chat(("user", "hi"))
    keyed = [
        read_prompt(body, session="k"),
        read_prompt({**body, "prompt_cache_key": "k"}),
        read_prompt({**body, "conversation": "k"}),
        read_prompt({**body, "conversation": {"id": "k"}}),
        read_prompt(chat(("user", "something else")), session="k"),
    ]
    assert len({one.conversation for one in keyed}) == 1
    assert not any(one.begins for one in keyed)
    assert read_prompt(body, session="k", tenant="t").conversation != keyed[0].conversation
    assert read_prompt({**body, "user": "k"}).begins


def test_a_request_that_comes_again_is_of_the_same_turn() -> None:
    once = chat(("user", "hi"))
    tool = chat(("user", "hi"), ("assistant", None), ("tool", "42"))
    assert read_prompt(once).turn == read_prompt(tool).turn
