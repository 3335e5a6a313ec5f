"""What one vantage measures of a catalogue."""

from probe.agent.targets import targets
from probe.config.shape import Catalogue
from probe.model import Control, Endpoint, Feature, Reach, Service, Target

FRONT = Endpoint(id="front", url="https://a.example/")
WORLD = Endpoint(id="world", url="https://b.example/")
HOME = Endpoint(id="home", url="https://c.example/")
CATALOGUE = Catalogue(
    services=(
        Service(id="a", name="A", features=(Feature(id="web", name="", endpoints=(FRONT,)),)),
    ),
    controls=(
        Control(reach=Reach.FOREIGN, endpoint=WORLD),
        Control(reach=Reach.DOMESTIC, country="DE", endpoint=HOME),
        Control(reach=Reach.DOMESTIC, country="TR", endpoint=HOME),
    ),
)
A = Target(service="a", feature="web", endpoint="front")


def test_foreign_controls_are_everybodys_and_domestic_ones_their_countrys() -> None:
    world = Target(service="control", feature="foreign", endpoint="world")
    home = Target(service="control", feature="domestic", endpoint="home")
    assert targets(CATALOGUE, "DE") == {world: WORLD, home: HOME, A: FRONT}
    assert targets(CATALOGUE, "FR") == {world: WORLD, A: FRONT}
