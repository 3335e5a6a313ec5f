"""The reference server's metrics are good text, and hold no address."""

from prometheus_client.parser import text_string_to_metric_families as parsed

from probe.metrics.reference import Snapshot, exposition


def test_every_number_is_told() -> None:
    text = exposition(
        Snapshot(
            version="1.0",
            open=2,
            accepted=5,
            refused={"rate": 3, "full": 0},
            broken=1,
            answers={200: 4, 413: 1},
            sent=65536,
        )
    ).decode()
    found = {
        (
            sample.name.removeprefix("worksforwhom_reference_"),
            *sample.labels.values(),
        ): sample.value
        for family in parsed(text)
        for sample in family.samples
    }
    assert found == {
        ("build_info", "1.0"): 1, ("connections_open",): 2, ("connections_total",): 5,
        ("broken_total",): 1, ("body_bytes_total",): 65536, ("refused_total", "rate"): 3,
        ("refused_total", "full"): 0, ("answers_total", "200"): 4, ("answers_total", "413"): 1,
    }  # fmt: skip
