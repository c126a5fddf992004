from typing import Any

import pytest
from msgspec import structs

from coterie.cli.trace.making import OPTIONS, Making, expected, made
from coterie.errors import BadRequest

PLAIN = Making(
    process="poisson",
    rate=None,
    end_s=600.0,
    cv=None,
    on="",
    off="",
    swing=None,
    period="",
    peak="",
    steps=(),
    experts="a,b,c",
    popularity="even",
    prompt_tokens="50",
    output_tokens="10",
    most_prompt_tokens=0,
    shifts=(),
    crowds=(),
    turns=None,
    think="",
    message="5",
    switch=None,
    flows=(),
    seed=0,
)


def making(**said: Any) -> Making:
    return structs.replace(PLAIN, **said)


PROCESSES: dict[str, dict[str, Any]] = {
    "poisson": {},
    "constant": {},
    "gamma": {"cv": 2.0},
    "weibull": {"cv": 2.0},
    "onoff": {"on": "500ms", "off": "1s"},
    "diurnal": {"swing": 0.5, "period": "5m", "peak": "1m"},
    "stepped": {"steps": ("0s=5", "5m=15"), "rate": None},
}


@pytest.mark.parametrize("process", OPTIONS)
def test_every_process_is_made_with_its_rate(process: str) -> None:
    wanted = making(**({"process": process, "rate": 10.0} | PROCESSES[process]))
    assert expected(wanted) == pytest.approx(6000)
    assert len(list(made(wanted))) == pytest.approx(6000, rel=0.15)


def test_a_rate_is_that_of_requests_also_in_conversations_and_flows() -> None:
    talks = making(rate=10.0, turns=4.0, think="1s")
    assert expected(talks) == pytest.approx(6000)
    assert len(list(made(talks))) == pytest.approx(6000, rel=0.1)
    chains = making(rate=10.0, flows=("a,b,c", "c"), popularity="weights:3,1", think="1s")
    assert expected(chains) == pytest.approx(6000)
    assert len(list(made(chains))) == pytest.approx(6000, rel=0.1)
    steps = making(process="stepped", steps=("0s=10",), turns=4.0, think="1s")
    assert len(list(made(steps))) == pytest.approx(6000, rel=0.1)


def test_a_flow_asks_the_experts_of_its_chain() -> None:
    first: dict[str, list[str]] = {}
    for one in made(making(flows=("plan,draft",))):
        first.setdefault(one.session, []).append(one.expert)
    assert next(iter(first.values())) == ["plan", "draft"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"process": "weird"}, "`--process` is 'weird': expected one of poisson, constant"),
        ({"process": "gamma"}, "these arrivals need `--cv`"),
        ({"process": "gamma", "cv": -1.0}, "`cv` is -1.0"),
        ({"process": "onoff", "on": "3s"}, "these arrivals need `--off`"),
        ({"process": "stepped"}, "steps at"),
        ({"process": "stepped", "steps": ("0s=1",), "rate": 3.0}, "`--rate` means nothing"),
        ({"cv": 2.0}, "`--cv` means nothing to 'poisson' arrivals"),
        ({"steps": ("0s=1",)}, "`--step` means nothing"),
        ({"rate": float("nan")}, "`rate` is nan"),
        ({"crowds": ("z@1s+1sx2",)}, "a crowd for 'z', which is none of 'a'"),
        ({"shifts": ("5m", "1m")}, "shifts at"),
        ({"popularity": "weights:1,2"}, "2 weights for 3 experts"),
        ({"experts": ""}, "no experts"),
        ({"switch": 0.5}, "`--switch` is about conversations"),
        ({"turns": 0.5}, "expected 1 or more"),
        ({"turns": 2.0, "think": "0s"}, "`--think` is 0"),
        ({"turns": 2.0, "flows": ("a,b",)}, "different sessions: give one"),
        ({"flows": ("a,,b",)}, "expected names with commas"),
    ],
)
def test_what_makes_no_sense_is_said(said: dict[str, Any], told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        made(making(**said))
