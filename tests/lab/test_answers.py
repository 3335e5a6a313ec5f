"""What a service answers in sickness and in health, before any kind of lab carries it."""

from __future__ import annotations

import pytest

from probe.config.shape import Seconds
from probe.lab import library
from probe.lab.answers import MIN_BODY_BYTES, faulty, healthy
from probe.lab.scenario import Event, Form
from probe.lab.world import Page, pages

PAGES = pages(library.load("quiet-day"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.endpoint.id)
def test_a_healthy_page_is_whole(page: Page) -> None:
    reply = healthy(page)
    assert len(reply.body) >= max(MIN_BODY_BYTES, page.endpoint.min_bytes)
    assert page.endpoint.expect in reply.body


@pytest.mark.parametrize("form", [Form.SILENCE, Form.UNREACHABLE, Form.NO_NAME, Form.EXPIRED])
def test_what_never_comes_to_an_answer_is_silence(form: Form) -> None:
    event = Event(at=Seconds(0), mechanism="server.outage_global", form=form)
    assert faulty(event, PAGES[0]).silent


def test_a_slow_service_answers_whole() -> None:
    event = Event(at=Seconds(0), mechanism="server.outage_global", form=Form.SLOW)
    assert faulty(event, PAGES[0]) == healthy(PAGES[0])
