import pytest

from probe.judge.places import country


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("TR", "Türkiye"),
        ("tr", "Türkiye"),
        ("US", "the United States"),
        ("CI", "Côte d’Ivoire"),
        ("PS", "the Palestinian Territories"),
        ("BS", "the Bahamas"),
        ("CD", "DR Congo"),
        ("QQ", "QQ"),
    ],
)
def test_countries_are_named_and_unknown_codes_stand_for_themselves(code: str, name: str) -> None:
    assert country(code) == name
