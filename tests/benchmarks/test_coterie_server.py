import json

from benchmarks.coterie_server import composition
from coterie.config import decode


def test_the_document_is_one_that_coterie_takes() -> None:
    document = composition(
        [{"name": "a", "engine": "echo"}], hot_bytes=1 << 30, policy="lru", limits={"wait": 70}
    )
    decoded = decode(json.dumps(document).encode(), "benchmark.yaml")
    assert decoded.scheduler.policy == "lru"
    assert decoded.limits.wait == 70
    assert decoded.nodes[0].devices[0].hot == 1 << 30
    assert decoded.experts[0].name == "a"
