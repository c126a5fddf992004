"""Fitted routers on disk: whole, or refused."""

import json
from collections.abc import Callable
from hashlib import sha256
from inspect import signature
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from coterie.errors import RouterInvalid
from coterie.router import artefact
from coterie.router.artefact import KEY, read_router, said_of, write_router
from coterie.router.embedders import Embedder
from coterie.router.fit import fit
from coterie.router.learned import Learned
from coterie.router.ratings import Ratings
from coterie.router.words import Words

PROMPTS = ("how do I use a python loop", "a garlic soup", "sue my landlord", "", "zzqx vrrp")


@pytest.fixture(scope="module")
def small(rated: Callable[..., Ratings], words: Embedder) -> Learned:
    """A router with all its parts."""
    learned = fit(rated(80, other=10), words, strange="other")
    assert learned.parts.forest is not None
    return changed(learned, trust=0.5)


@pytest.fixture(scope="module")
def written(small: Learned, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("routers") / "small.router"
    write_router(small, path)
    return path.read_bytes()


def changed(learned: Learned, **fields: Any) -> Learned:
    kept = {name: getattr(learned, name) for name in signature(Learned).parameters}
    return Learned(**{**kept, **fields})


def refused(path: Path) -> str:
    """What is told of this file: one line that names it."""
    with pytest.raises(RouterInvalid) as caught:
        read_router(path)
    told = str(caught.value)
    assert "\n" not in told
    assert path.name in told
    return told


def refused_bytes(folder: Path, data: bytes) -> str:
    (folder / "x.router").write_bytes(data)
    return refused(folder / "x.router")


def header_of(data: bytes) -> dict[str, Any]:
    size = int.from_bytes(data[:8], "little")
    found: dict[str, Any] = json.loads(data[8 : 8 + size])
    return found


# What is written is read.


def test_a_router_read_again_says_the_same(fitted: Learned, tmp_path: Path) -> None:
    path = tmp_path / "x.router"
    digest = write_router(fitted, path)
    again = read_router(path)
    assert digest == again.digest == sha256(path.read_bytes()).hexdigest()
    for name in ("experts", "categories", "strange", "trust", "temperature", "priors"):
        assert getattr(again, name) == getattr(fitted, name)
    for prompt in PROMPTS:
        one, other = fitted.predict(prompt), again.predict(prompt)
        assert other.category == one.category
        assert other.confidence == pytest.approx(one.confidence, abs=2e-3)
        assert other.scores == pytest.approx(one.scores, abs=2e-3)


def test_writing_what_was_read_changes_nothing(small: Learned, tmp_path: Path) -> None:
    first = write_router(small, tmp_path / "x.router")
    again = read_router(tmp_path / "x.router")
    assert write_router(again, tmp_path / "y.router") == first
    assert write_router(small, tmp_path / "x.router") == first
    assert write_router(small, tmp_path / "z.router", {"prompts": 90}) != first


@pytest.mark.parametrize("experts", [True, False])
@pytest.mark.parametrize("labelled", [True, False])
def test_a_router_may_lack_a_forest_experts_or_categories(
    rated: Callable[..., Ratings], words: Embedder, tmp_path: Path, experts: bool, labelled: bool
) -> None:
    ratings = rated(30)
    if not experts:
        ratings = ratings.only(())
    if not labelled:
        ratings = Ratings(ratings.ids, ratings.prompts, ("",) * 30, ratings.experts, ratings.scores)
    if not (experts or labelled):
        return
    learned = fit(ratings, words)
    assert learned.parts.forest is None
    write_router(learned, tmp_path / "x.router")
    again = read_router(tmp_path / "x.router")
    for prompt in PROMPTS:
        assert again.predict(prompt).category == learned.predict(prompt).category
        assert again.predict(prompt).scores == pytest.approx(
            learned.predict(prompt).scores, abs=2e-3
        )


def test_a_file_says_what_it_was_fitted_to(small: Learned, tmp_path: Path) -> None:
    write_router(small, tmp_path / "x.router", {"prompts": 90, "files": ["a.csv"], "größe": 0.5})
    said = said_of(tmp_path / "x.router")
    assert said.fitted == {"prompts": 90, "files": ["a.csv"], "größe": 0.5}
    assert said.experts == ("coder", "cook", "lawyer", "general")
    assert (said.embedder, said.strange) == ("words", "other")


def test_a_file_is_arrays_of_numbers_and_json_and_nothing_else(written: bytes) -> None:
    header = header_of(written)
    assert list(header.pop("__metadata__")) == [KEY]
    assert {entry["dtype"] for entry in header.values()} <= {"F16", "F32", "I32", "U8"}
    ends = sorted(entry["data_offsets"] for entry in header.values())
    assert ends[0][0] == 0
    assert all(a[1] == b[0] for a, b in pairwise(ends))
    size = int.from_bytes(written[:8], "little")
    assert len(written) == 8 + size + ends[-1][1]


def test_a_file_is_written_whole_or_not_at_all(
    small: Learned, written: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.router"
    path.write_bytes(b"what was there before")
    write = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        write(self, data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    def barred(self: Path, target: Path) -> Path:
        raise OSError(1, "Operation not permitted")

    for name, refusal, why in (
        ("write_bytes", full, "No space"),
        ("replace", barred, "not permitted"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(Path, name, refusal)
            with pytest.raises(OSError, match=why):
                write_router(small, path, {"more": "x"})
        assert path.read_bytes() == b"what was there before"
        assert list(tmp_path.iterdir()) == [path]
    write_router(small, path)
    assert path.read_bytes() == written
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_told(small: Learned, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_router(small, tmp_path / "gone" / "x.router")


# What cannot be read.


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    told = refused(tmp_path / "gone.router")
    assert "cannot be read: No such file" in told
    assert "`coterie route fit` writes one" in told
    assert "cannot be read: Is a directory" in refused(tmp_path)


def test_a_file_that_is_too_large_is_not_read(
    written: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artefact, "MOST_BYTES", len(written) - 1)
    assert "is larger than any router" in refused_bytes(tmp_path, written)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"\0" * 8,
        b"\0" * 1000,
        b"\xff" * 1000,
        b"PK\x03\x04 a zip",
        b"\x80\x04K\x01.",  # a pickle
        (2).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"[]",
        (2**63).to_bytes(8, "little") + b"{}",
        (10).to_bytes(8, "little") + b"{" + b'"a":' * 100,
        (100_000).to_bytes(8, "little") + b"[" * 100_000,
        (27).to_bytes(8, "little") + b'{"__metadata__":{"a":"b"}} ',
        save({"a": np.zeros(3)}, {KEY: "{}"}),
        save({"a": np.zeros(3)}, {KEY: "not JSON"}),
        save({"a": np.zeros(3)}),
    ],
)
def test_what_is_no_router_is_told(tmp_path: Path, data: bytes) -> None:
    assert "is no router of this version: fit it again" in refused_bytes(tmp_path, data)


def test_a_header_longer_than_its_file_is_told(written: bytes, tmp_path: Path) -> None:
    for size in (2**64 - 1, 2**40, len(written)):
        refused_bytes(tmp_path, size.to_bytes(8, "little") + written[8:])


def test_a_router_of_another_version_is_told(
    small: Learned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(artefact, "FORMAT", "coterie-router-0")
        write_router(small, tmp_path / "x.router")
    assert "is no router of this version: fit it again" in refused(tmp_path / "x.router")


class Other(Words):
    digest = "words-of-another-kind"


class Gone(Words):
    name = "gone"


def test_a_router_of_another_embedder_is_told(small: Learned, tmp_path: Path) -> None:
    write_router(changed(small, embedder=Other()), tmp_path / "x.router")
    told = refused(tmp_path / "x.router")
    assert "was fitted with other weights of the embedder 'words' than are installed" in told
    write_router(changed(small, embedder=Gone()), tmp_path / "y.router")
    with pytest.raises(RouterInvalid, match="no embedder 'gone': there are static, minilm, words"):
        read_router(tmp_path / "y.router")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_file_is_told(written: bytes, tmp_path: Path, share: float) -> None:
    refused_bytes(tmp_path, written[: int(share * len(written))])
    assert "fit it again" in refused_bytes(tmp_path, written[:-1])
    assert "fit it again" in refused_bytes(tmp_path, written + b"\0")


def test_a_bit_that_flipped_is_told(written: bytes, tmp_path: Path) -> None:
    start = 8 + int.from_bytes(written[:8], "little")
    for place in np.linspace(start, len(written) - 1, 25).astype(int):
        bent = bytearray(written)
        bent[place] ^= 1 << (int(place) % 8)
        assert "is broken" in refused_bytes(tmp_path, bytes(bent))


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("trust", 1.5),
        ("trust", -0.5),
        ("trust", "1"),
        ("temperature", 0),
        ("temperature", -1.0),
        ("temperature", 1e300),
        ("experts", ["coder"]),
        ("experts", "coder"),
        ("categories", []),
        ("strange", "nothing of the kind"),
        ("embedder", 3),
        ("unheard of", 1),
    ],
)
def test_what_a_file_says_cannot_be_changed(
    written: bytes, tmp_path: Path, said: str, value: Any
) -> None:
    says = json.loads(header_of(written)["__metadata__"][KEY])
    says[said] = value
    refused_bytes(tmp_path, save(load(written), {KEY: json.dumps(says)}))


@pytest.mark.parametrize("said", [field.name for field in msgspec.structs.fields(artefact.Says)])
def test_nor_left_out(written: bytes, tmp_path: Path, said: str) -> None:
    says = json.loads(header_of(written)["__metadata__"][KEY])
    del says[said]
    refused_bytes(tmp_path, save(load(written), {KEY: json.dumps(says)}))


# Whoever makes a file by hand makes its checksum as well.


def made_by_hand(written: bytes, folder: Path, **arrays: Any) -> Path:
    """The same router but for some arrays, of which None are left out; `__` is a dot."""
    path = folder / "made.router"
    whole = load(written)
    for name, array in arrays.items():
        if array is None:
            del whole[name.replace("__", ".")]
        else:
            whole[name.replace("__", ".")] = np.ascontiguousarray(array)
    says = msgspec.json.decode(header_of(written)["__metadata__"][KEY], type=artefact.Says)
    says = msgspec.structs.replace(says, checksum=artefact._checksum(says, whole))
    path.write_bytes(save(whole, {KEY: msgspec.json.encode(says).decode()}))
    return path


def names(written: bytes) -> list[str]:
    return sorted(load(written))


def test_by_hand_the_same_is_the_same(written: bytes, tmp_path: Path) -> None:
    assert made_by_hand(written, tmp_path).read_bytes() == written


def test_an_array_that_is_missing_is_told(written: bytes, tmp_path: Path) -> None:
    for name in names(written):
        path = made_by_hand(written, tmp_path, **{name: None})
        if name == "forest.roots":
            continue  # without roots there is no forest: the mixture of categories answers
        assert f"{name!r}" in refused(path)


def test_an_array_of_another_shape_is_told(written: bytes, tmp_path: Path) -> None:
    for name, array in load(written).items():
        longer = np.concatenate([array, array[-1:]])
        for other in (array[:0], array[:-1], longer, array[None], array.reshape(-1)[0], array.T):
            if other.shape != array.shape and name != "forest.roots":  # of which any number may be
                assert "is no whole router" in refused(
                    made_by_hand(written, tmp_path, **{name: other})
                )
        if array.ndim == 2 and array.shape[1] > 1:
            told = refused(made_by_hand(written, tmp_path, **{name: array[:, :-1]}))
            assert "is no whole router" in told


def test_an_array_of_no_numbers_is_told(written: bytes, tmp_path: Path) -> None:
    for name, array in load(written).items():
        for kind in (bool, np.complex64):
            refused(made_by_hand(written, tmp_path, **{name: array.astype(kind)}))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_array_that_is_not_finite_is_told(written: bytes, tmp_path: Path, value: float) -> None:
    for name, array in load(written).items():
        if array.dtype.kind == "f":
            other = array.copy()
            other.reshape(-1)[-1] = value
            told = refused(made_by_hand(written, tmp_path, **{name: other}))
            assert f"{name} is not finite" in told


def test_tokens_that_are_not_in_order_are_told(written: bytes, tmp_path: Path) -> None:
    places = load(written)["tokens.places"]
    for other in (places[::-1], np.random.default_rng(0).permutation(places), places // 2 * 2 * 0):
        told = refused(made_by_hand(written, tmp_path, tokens__places=other))
        assert "tokens.places is not in order" in told


def test_neighbours_of_no_category_are_told(written: bytes, tmp_path: Path) -> None:
    labels = load(written)["neighbours.labels"]
    for other in (labels + 4, labels - 5):
        told = refused(made_by_hand(written, tmp_path, neighbours__labels=other))
        assert "neighbours.labels" in told


def test_a_forest_that_leads_nowhere_is_told(written: bytes, tmp_path: Path) -> None:
    arrays = load(written)
    draw = np.random.default_rng(0)
    circles = {
        "left": np.zeros_like(arrays["forest.left"]),
        "right": np.arange(len(arrays["forest.right"]), dtype=np.int32),
        "roots": arrays["forest.roots"] + len(arrays["forest.feature"]),
        "feature": arrays["forest.feature"] + 1000,
    }
    for name, other in circles.items():
        told = refused(made_by_hand(written, tmp_path, **{f"forest.{name}": other}))
        assert "its forest asks for what there is not, or in circles" in told
    for name in ("left", "right", "feature"):
        other = draw.permutation(arrays[f"forest.{name}"])
        refused(made_by_hand(written, tmp_path, **{f"forest.{name}": other}))
    none = np.zeros(0, dtype=np.int32)
    refused(made_by_hand(written, tmp_path, forest__roots=none))


def test_a_shape_beyond_all_numbers_is_told(tmp_path: Path, written: bytes) -> None:
    header = header_of(written)
    for shape in ([0, 2**63], [2**64 - 1], [-1], [0.5], ["x"]):
        entry = {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]}
        text = json.dumps({"__metadata__": header["__metadata__"], "a": entry}).encode()
        assert "is broken" in refused_bytes(tmp_path, len(text).to_bytes(8, "little") + text)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_change_is_told_or_changes_nothing(
    small: Learned, written: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    start = 8 + int.from_bytes(written[:8], "little")
    bent = bytearray(written)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, start) | st.integers(0, len(bent) - 1))
        kind = data.draw(st.sampled_from(["flip", "put", "cut", "insert"]))
        if kind == "flip":
            bent[place] ^= 1 << data.draw(st.integers(0, 7))
        elif kind == "put":
            bent[place] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del bent[place : place + data.draw(st.integers(1, 100))]
        else:
            bent[place:place] = data.draw(st.binary(min_size=1, max_size=20))
    path = tmp_path_factory.getbasetemp() / "bent.router"
    path.write_bytes(bent)
    try:
        found = read_router(path)
    except RouterInvalid:
        return
    for prompt in PROMPTS[:2]:
        assert found.predict(prompt).scores == pytest.approx(small.predict(prompt).scores, abs=2e-3)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.router"
    path.write_bytes(data)
    refused(path)
