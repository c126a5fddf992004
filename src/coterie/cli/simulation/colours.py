"""Colours that tell experts apart, on light and on dark ground."""

from math import cos, pi, sin

FIRST = (
    "#4e86c6",
    "#f0934a",
    "#55a868",
    "#d65f5f",
    "#9579c4",
    "#c9a227",
    "#4fb3bf",
    "#e78ac3",
    "#8c6d5a",
    "#7aa93c",
    "#6b74d6",
    "#d1744f",
)
"""Of those that matter most."""
OTHERS = "#8a929e"
GOLDEN_ANGLE = pi * (3 - 5**0.5)


def colour(place: int) -> str:
    """The colour of the expert with so many before it, as `#rrggbb`; neighbours differ most."""
    if place < len(FIRST):
        return FIRST[place]
    lightness = (0.70, 0.60, 0.78, 0.65)[place % 4]
    return _from_oklch(lightness, (0.13, 0.10)[place % 2], place * GOLDEN_ANGLE)


def ink(ground: str) -> str:
    """Black or white, whichever is read more easily on a colour."""
    red, green, blue = (int(ground[place : place + 2], 16) / 255 for place in (1, 3, 5))
    # Relative luminance and contrast as in WCAG 2: both inks contrast alike at about 0.18.
    light = 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2
    return "#000000" if light > 0.18 else "#ffffff"


def _from_oklch(lightness: float, chroma: float, hue: float) -> str:
    """Ottosson, "A perceptual color space for image processing" (2020); clipped to sRGB."""
    a, b = chroma * cos(hue), chroma * sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return "#" + "".join(f"{round(255 * _encoded(min(1.0, max(0.0, one)))):02x}" for one in linear)


def _encoded(linear: float) -> float:
    return 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
