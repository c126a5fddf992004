"""Our engines keep the contract that strangers' have to keep."""

from pathlib import Path

import pytest

from coterie.engines import Instance
from coterie.engines.echo import Echo, EchoInstance
from coterie.engines.llamacpp import LlamaCpp
from coterie.testing.engine_contract import CHECKS, Bench, check_engine
from coterie.types import Device, Expert, Weights

CPU = Device("cpu", hot=1 << 30)


async def crash_echo(instance: Instance) -> None:
    assert isinstance(instance, EchoInstance)
    await instance.crash("told to")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_echo(check: object, tmp_path: Path) -> None:
    options = {"hot": "1MiB", "token_s": 0.001}
    bench = Bench(
        Echo(),
        Expert("e", engine="echo", parallel=1, options=options),
        None,
        CPU,
        tmp_path,
        bad_expert=Expert("bad", engine="echo", options={"fail_loads": 1}),
        crash=crash_echo,
    )
    assert callable(check)
    await check(bench)


@pytest.mark.real
async def test_llamacpp(smollm: Weights, truncated: Weights, tmp_path: Path) -> None:
    engine = LlamaCpp(tmp_path)
    expert = Expert("e", weights="file://e", parallel=1, context=2048)
    await check_engine(Bench(engine, expert, smollm, CPU, tmp_path, bad_weights=truncated))


@pytest.mark.real
async def test_llamacpp_in_processes_of_their_own(
    smollm: Weights, truncated: Weights, tmp_path: Path
) -> None:
    """As for a GPU: not forked. No layer is put on a GPU, so that it needs none."""
    engine = LlamaCpp(tmp_path)
    expert = Expert("e", weights="file://e", parallel=1, context=2048, options={"gpu_layers": 0})
    device = Device("gpu", hot=1 << 30, kind="cuda")
    await check_engine(Bench(engine, expert, smollm, device, tmp_path, bad_weights=truncated))
