import pytest
from msgspec import structs

from coterie.hardware import Figures
from coterie.types import Part

FIGURES = Figures(
    (Part("sha256:a", 10),),
    prompt_pace=100.0,
    output_pace=50.0,
    load_work=1.0,
    first_work=0.0,
    template_tokens=30,
    reused_tokens=28,
)


def test_a_prompt_costs_its_tokens_and_those_of_its_template() -> None:
    assert FIGURES.prompt_work(170, is_first=True) == 2.0
    assert FIGURES.prompt_work(170, is_first=False) == 1.72


def test_prompts_that_were_measured_lie_on_straight_lines() -> None:
    points = ((10.0, 1.0), (100.0, 4.0), (300.0, 6.0))
    measured = structs.replace(FIGURES, prompt_points=points, template_tokens=0, reused_tokens=0)
    works = [measured.prompt_work(tokens, is_first=True) for tokens in (10, 55, 100, 200, 400)]
    assert works == [1.0, 2.5, 4.0, 5.0, 7.0]
    assert measured.prompt_work(0, is_first=True) == pytest.approx(2 / 3)


def test_the_first_token_comes_with_the_prompt() -> None:
    assert FIGURES.output_work(1) == 0.0
    assert FIGURES.output_work(51) == 1.0
