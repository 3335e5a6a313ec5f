"""A scenario laid out once: its seats, what holds for each and when, and every course walked so far.

None of it hangs on a seed, so plays under many seeds share one stage, and seats that are alike
share their courses.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from probe.lab.scenario import Scenario
from probe.lab.simulated.act import ALL_FLOWS, Act, Hit
from probe.lab.simulated.force import Force, Forces
from probe.lab.simulated.seat import Seat, seats
from probe.lab.simulated.template import Course, Known, Template, Words
from probe.lab.simulated.walk import walk
from probe.lab.simulated.walked import Walked

VARIANTS = 6
"""Ways that the same measurement can go: their times differ, and what forgers say."""
MOST_FLOWS = 8

Acts = tuple[Act, ...]
Masks = tuple[int, ...]


class Stage:
    """What all plays of one scenario have in common."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.seats = tuple(seat for own in seats(scenario) for seat in own)
        self.words: Words = {}
        """What probers say of themselves, by what their controls show."""
        self._known: Known = {}
        self._forces = Forces(scenario, self.seats)
        self.marks = self._forces.marks
        self._ways: dict[tuple[int, int], Way] = {}
        self._alike = _alike(self.seats)
        self._books: dict[tuple[int, Acts, Acts], Book] = {}

    def way(self, seat: Seat, stretch: int) -> Way:
        """Give what holds for a seat after so many marks."""
        found = self._ways.get((seat.number, stretch))
        if found is None:
            since = self.marks[stretch - 1] if stretch else float("-inf")
            force = self._forces.force(seat, since)
            found = Way(seat, force, self._book(seat, force), self._known)
            self._ways[seat.number, stretch] = found
        return found

    def _book(self, seat: Seat, force: Force) -> Book:
        face = self._alike[seat.number]
        key = (face, force.sure, tuple(act for act, _ in force.partial))
        found = self._books.get(key)
        if found is None:
            self._books[key] = found = Book(seat, face, force, len(self._books))
        return found


def _alike(everyone: Sequence[Seat]) -> tuple[int, ...]:
    """Give for each seat the number of the first one from which a measurement goes the same way."""
    first: dict[tuple[object, ...], int] = {}
    return tuple(first.setdefault(_face(seat), seat.number) for seat in everyone)


def _face(seat: Seat) -> tuple[object, ...]:
    """All that a walk reads of a seat."""
    network, prober = seat.prober.network, seat.prober
    return (
        seat.page.endpoint, seat.host, seat.scheme, seat.addresses, seat.home, seat.reply,
        network.delay, network.ipv6, prober.resolver,
    )  # fmt: skip


class Book:
    """The courses of seats that are alike, under the same acts, written as they are needed."""

    __slots__ = ("_face", "_lengths", "_partial", "_partly", "_seat", "_sure", "_walked", "number")

    def __init__(self, seat: Seat, face: int, force: Force, number: int) -> None:
        self._seat, self._face, self.number = seat, face, number
        self._sure = tuple((act, ALL_FLOWS) for act in force.sure)
        self._partial = tuple(act for act, _ in force.partial)
        self._walked: dict[tuple[int, int], Walked] = {}
        self._partly: dict[tuple[int, int, Masks], Walked] = {}
        self._lengths: set[int] = set()

    def walked(self, variant: int, key: int = -1, noise: tuple[Hit, ...] = ()) -> Walked:
        """Give a course under what is sure, and under a noise which `key` names."""
        found = self._walked.get((variant, key))
        if found is None:
            found = self._walk((*self._sure, *noise), f"{variant} {key}")
            self._walked[variant, key] = found
        return found

    def partly(self, variant: int, masks: Masks) -> tuple[Walked, Masks]:
        """Give the course where partial acts hit some flows, and the masks as far as they matter."""
        for length in self._lengths:
            short = _shortened(masks, length)
            found = self._partly.get((variant, length, short))
            if found is not None:
                return found, short
        hits = tuple(zip(self._partial, masks, strict=True))
        made = self._walk((*hits, *self._sure), f"{variant} partly")
        self._lengths.add(made.flows)
        short = _shortened(masks, made.flows)
        self._partly[variant, made.flows, short] = made
        return made, short

    def _walk(self, hits: Sequence[Hit], key: str) -> Walked:
        """Walk by dice that hang on nothing that was played before."""
        return walk(self._seat, hits, Random(f"{self._face} {key}"))  # noqa: S311 — no secret


def _shortened(masks: Masks, flows: int) -> Masks:
    return tuple(mask & ((1 << flows) - 1) for mask in masks)


class Way:
    """One seat in one stretch of the story: what holds, and its own templates."""

    __slots__ = ("_book", "_known", "_made", "_seat", "force", "usual")

    def __init__(self, seat: Seat, force: Force, book: Book, known: Known) -> None:
        self._seat, self._book, self._known, self.force = seat, book, known, force
        self._made: dict[tuple[int, ...], Template] = {}
        self.usual: list[Template | None] = [None] * VARIANTS
        """The courses without noise that were needed so far, where no act is partial."""

    def plain(self, variant: int) -> Template:
        made = self._template((variant, -1), self._book.walked(variant))
        self.usual[variant] = made
        return made

    def noisy(self, variant: int, noise: Act, key: int) -> Template:
        """Give the course under a noise, which `key` names."""
        found = self._made.get((variant, key))
        if found is not None:
            return found
        return self._template(
            (variant, key), self._book.walked(variant, key, ((noise, ALL_FLOWS),))
        )

    def partly(self, variant: int, dice: Random) -> Template:
        """Throw for each flow whether the partial acts hit it."""
        masks = tuple(_mask(share, dice) for _, share in self.force.partial)
        walked, short = self._book.partly(variant, masks)
        return self._template((variant, walked.flows, *short), walked)

    def _template(self, key: tuple[int, ...], walked: Walked) -> Template:
        found = self._made.get(key)
        if found is None:
            course: Course = (self._book.number, *key[1:])
            found = self._made[key] = Template(self._seat, walked, course, self._known)
        return found


def _mask(share: float, dice: Random) -> int:
    return sum(1 << flow for flow in range(MOST_FLOWS) if dice.random() < share)
