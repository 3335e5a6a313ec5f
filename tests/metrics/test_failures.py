"""What is there at 0 is the vocabulary of the measurements, and nothing else."""

from probe.measure import failure
from probe.measure.outcome import NOTHING
from probe.metrics.failures import BY_LAYER, FIRST, UP_TO
from probe.model import CHAIN, Expectation, Layer

FAULTS_OF_OURS = {
    *("address_family_not_supported", "address_in_use", "already_connected", "bad_address"),
    *("bad_file_descriptor", "connection_already_in_progress", "destination_address_required"),
    *("interrupted", "invalid_argument", "message_size", "network_reset", "no_protocol_option"),
    *("not_a_socket", "not_connected", "operation_would_block", "protocol_not_supported"),
    "wrong_protocol_type",
}
"""Errors that no far side and no path can make a correct program see."""
OF_TESTS = {failure.INCOMPATIBLE_VERSION}
"""What ends no run."""
TABLES = (
    failure.ERRNOS,
    failure.VERIFY_CODES,
    failure.ALERT_NAMES,
    failure.REASONS,
    failure.RCODES,
)
CONSTANTS = {
    text
    for name, text in vars(failure).items()
    if name.isupper() and isinstance(text, str) and name != "LONGEST_DETAIL"
}


def test_every_name_of_the_vocabulary_is_there_and_no_other() -> None:
    named = {name for table in TABLES for name in table.values()} | CONSTANTS
    named |= {f"expectation_{held}" for held in Expectation if held is not Expectation.MET}
    named |= {NOTHING, "unknown_failure"}
    shown = {name for names in BY_LAYER.values() for name in names}
    assert named - shown == FAULTS_OF_OURS | OF_TESTS
    assert shown - named == set()


def test_every_layer_has_its_own_and_no_name_twice() -> None:
    assert set(BY_LAYER) == set(CHAIN)
    assert all(len(set(names)) == len(names) for names in BY_LAYER.values())
    assert len(FIRST) == sum(map(len, BY_LAYER.values()))


def test_an_endpoint_has_a_bounded_number_of_them() -> None:
    assert 40 <= len(FIRST) <= 60


def test_names_of_one_layer_are_not_given_by_another() -> None:
    for layer, own in (
        (Layer.DNS, "dns_nxdomain"),
        (Layer.HTTP, "http_inv"),
        (Layer.HTTP, "expect"),
    ):
        assert {at for name, at in FIRST if name.startswith(own)} == {layer}


def test_who_is_measured_less_deep_has_only_what_can_happen_there() -> None:
    assert UP_TO[Layer.HTTP] == FIRST
    assert {layer for _, layer in UP_TO[Layer.DNS]} == {Layer.DNS}
    assert {layer for _, layer in UP_TO[Layer.TCP]} == {Layer.DNS, Layer.TCP}
