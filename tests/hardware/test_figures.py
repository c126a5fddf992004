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


def test_the_first_token_comes_with_the_prompt() -> None:
    assert FIGURES.output_work(1) == 0.0
    assert FIGURES.output_work(51) == 1.0
