"""A prompt is of common words, about a token each; none begins alike: no cache helps."""

import random

# Each is one token (with the space before it) in the vocabularies of the common byte-pair
# tokenizers.
_TEXT = """
about above after again air all along also animal another answer any area around ask away back
base because been before began being below between big black blue boat body book both box boy
bring build but call came can car care carry change children city clear close cold color come
common could country course cut dark day deep did different direct distance door down draw drive
dry during each early earth ease east eat enough even ever every example eye face family far farm
fast father feel few field figure final fine fire first fish five floor follow food foot force
form four free friend front full game gave general girl give gold good govern great green ground
group grow had half hand happen hard have head hear heat help here high hold home horse hot hour
house
"""
WORDS = tuple(_TEXT.split())


def prompt(index: int, tokens: int, seed: int = 0) -> str:
    """The text of request `index`: about `tokens` tokens, the same for the same index and seed."""
    draw = random.Random(f"{seed}:{index}")
    return " ".join(draw.choices(WORDS, k=max(1, tokens)))
