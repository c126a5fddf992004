"""Other gateways before one upstream, each at the settings that its makers name for speed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.environments import LITELLM, VLLM_ROUTER, ensure
from benchmarks.processes import free_port, running
from benchmarks.upstream import MODEL


@contextmanager
def litellm(address: str, environments: Path, folder: Path, core: int) -> Iterator[str]:
    """The LiteLLM proxy with one worker and nothing else switched on."""
    environment = ensure(LITELLM, environments)
    port = free_port()
    configuration = folder / "litellm.yaml"
    configuration.write_text(
        f"""
model_list:
  - model_name: {MODEL}
    litellm_params:
      model: openai/{MODEL}
      api_base: {address}/v1
      api_key: none
litellm_settings:
  telemetry: false
  set_verbose: false
"""
    )
    command = [str(environment / "bin" / "litellm"), "--config", str(configuration)]
    with running(
        [*command, "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"],
        log=folder / "litellm.log",
        ready=f"http://127.0.0.1:{port}/health/liveliness",
        core=core,
        environment={
            # Without it the proxy refuses to start unless a master key is set.
            "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_LOG": "ERROR",
        },
        patience_s=180,
    ):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def vllm_router(address: str, environments: Path, folder: Path, core: int) -> Iterator[str]:
    """vllm-router with its simplest policy and its log off."""
    environment = ensure(VLLM_ROUTER, environments)
    port, metrics = free_port(), free_port()
    with running(
        [
            *(str(environment / "bin" / "vllm-router"), "--worker-urls", address),
            *("--policy", "round_robin", "--host", "127.0.0.1", "--port", str(port)),
            *("--prometheus-port", str(metrics), "--log-level", "error"),
        ],
        log=folder / "vllm-router.log",
        ready=f"http://127.0.0.1:{port}/health",
        core=core,
    ):
        yield f"http://127.0.0.1:{port}"
