"""How a cause was weighed, in words: every number that went into the belief, on a line of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from probe.desk.connected import Connected, Host, Odds
from probe.desk.grounds import VISIBLE, Rival, Weighed, carried
from probe.desk.legend import LESS, Bar, Wanting
from probe.desk.networks import Looks, Network, weighed_as
from probe.judge.hypothesis.causes import BURST_SHARE
from probe.judge.hypothesis.likelihood import AGENT_OVERLAP
from probe.judge.row import CAP
from probe.model import Cause

MOST_NAMED = 3
"""Measurements of one kind that are named; of more, the rest is counted."""
MOST_COUNTRIES = 30
PATHS = {
    "hypotheses": "by what its networks saw, beside {} other countries",
    "paired": "by looks beside a helper's, pooled",
    "connectivity": "by controls and silence, and by nothing that any one service showed",
}


NOTES = (
    "(prior + features) × e^here × e^others = product, and its part of all products is the share.",
    "features: what the service's other features in the country add to the prior; here: this country's",
    "log-likelihood, in nats; others: nats that the other countries add, weighed together with it.",
    f"Of a network, ok includes passing trouble, which {BURST_SHARE:.0%} of them have: what looks like it tells",
    f"little. n probes of one network count as n / (1 + {AGENT_OVERLAP:g} (n - 1)). A country's last summand is",
    "gained where its networks share a form, which each alone had to guess, and lost on which it reaches.",
)
"""How to read what follows."""


def reckoned(held: Weighed) -> Iterator[str]:
    yield f"   {_where(held)}, {PATHS[held.path].format(held.outside)}"
    if held.connected is not None:
        yield from _connected(held.connected, held.leading)
    if held.path == "paired":
        yield "     the shares of a network's looks, what they leave of 1 spread over all causes, are averaged; those"
        yield "     of networks that agree are multiplied, of others averaged"
    for network in held.networks:
        yield from _network(network, held)
    yield from _together(held)
    yield from _elsewhere(held)
    if held.before is not None:
        yield from _product(held)
    yield f"     so the belief: {_shares({c.cause: c.support for c in held.causes})}"
    yield from _gate(held)
    yield f"     so: {held.leading.value}, {held.state.value}"


def _where(held: Weighed) -> str:
    if held.connected is None:
        return f"{held.feature} in {held.country}"
    network = f" in AS{held.connected.network}" if held.connected.network else ""
    return f"{held.country}{network}"


# ── networks ─────────────────────────────────────────────────────────────────────────────────


def _network(network: Network, held: Weighed) -> Iterator[str]:
    probes = len(network.counts)
    worth = f", which count as {network.effective:g}" if probes > 1 else ""
    yield f"     AS{network.asn}, {probes} probe{'s' if probes > 1 else ''}{worth}; foreign controls well on {network.controls_well}"
    for looks in network.looks:
        yield f"       probe {looks.probe}: {_looks(looks)}"
    if network.sign is not None:
        yield f"       rules toward {weighed_as(held.leading).value}: {_sign(network)}"
    yield f"       log-likelihood: {_said(network, held)}"


def _looks(looks: Looks) -> str:
    kinds = "; ".join(
        f"{name} × {len(ids)} ({_few(ids)})" for name, ids in looks.measurements.items()
    )
    failed = f" (failed: {', '.join(looks.controls_failed)})" if looks.controls_failed else ""
    return f"{kinds or 'nothing usable'}; controls passed {looks.controls_passed} of {looks.controls}{failed}"


def _few(ids: tuple[str, ...]) -> str:
    more = f" and {len(ids) - MOST_NAMED} more" if len(ids) > MOST_NAMED else ""
    return f"{', '.join(ids[:MOST_NAMED])}{more}"


def _sign(network: Network) -> str:
    """The strongest sight's rules, and what becomes of their sum."""
    sign = network.sign
    if sign is None:
        return ""
    total = sum(sign.rules.values())
    capped = max(-CAP, min(CAP, total))
    rules = ", ".join(f"{rule} {nats:+.2f}" for rule, nats in sign.rules.items())
    cap = f", held to {CAP:g} at most" if capped != total else ""
    less = ""
    if abs(sign.counted - capped) > 0.05:  # noqa: PLR2004 — it is rounded to one digit
        less = ", less for sights that lack it or countries that show it too"
    return f"{rules} on its strongest sight{cap}{less}: {sign.counted:+.1f}, once for the network"


def _said(network: Network, held: Weighed) -> str:
    """Of the leading cause, its next rival and ok: what the sights say, and the rules beside."""
    wanted = dict.fromkeys([*[rival.cause for rival in held.causes[:2]], Cause.OK])
    told = []
    for cause in wanted:
        if cause in network.says:
            rules = network.weights.get(cause.value, 0.0)
            beside = (
                f" (sights {network.says[cause] - rules:+.2f}, rules {rules:+.1f})"
                if rules
                else ""
            )
            told.append(f"{cause.value} {network.says[cause]:+.2f}{beside}")
    return "; ".join(told)


def _together(held: Weighed) -> Iterator[str]:
    """From the networks' numbers to the country's."""
    cause = weighed_as(held.leading)
    own = next((r for r in held.causes if r.cause is cause), None)
    if not held.networks or own is None or own.log_likelihood is None:
        return
    if cause in {Cause.OK, Cause.LOCAL_FAULT}:
        return
    best = [max(n.says[cause], n.says[Cause.OK]) for n in held.networks]
    rest = own.log_likelihood - sum(best)
    sums = " ".join(f"{value:+.2f}" for value in best)
    yield (
        f"     this country under {cause.value}: {sums} {rest:+.2f} = {own.log_likelihood:+.2f}"
    )


def _elsewhere(held: Weighed) -> Iterator[str]:
    if held.reached_from:
        yield f"     elsewhere the service answers since then, in {_listed(held.reached_from)}"
    if held.not_reached_from:
        yield f"     elsewhere it does not, in {_listed(held.not_reached_from)}"


def _listed(countries: Iterable[str]) -> str:
    listed = list(countries)
    more = f" and {len(listed) - MOST_COUNTRIES} more" if len(listed) > MOST_COUNTRIES else ""
    return f"{len(listed)}: {', '.join(listed[:MOST_COUNTRIES])}{more}"


# ── the product ──────────────────────────────────────────────────────────────────────────────

HEADING = f"       {'cause':18} {'prior':>8} {'features':>8} {'here':>8} {'others':>8} {'product':>9} {'share':>7}"


def _product(held: Weighed) -> Iterator[str]:
    if held.before is not None:
        yield f"     priors: {carried(held.before)}"
    yield HEADING
    for rival in held.causes:
        yield f"       {_row(rival)}"
    for step in held.steps:
        yield f"     then {step.said}: {_shares(step.support)}"


def _row(rival: Rival) -> str:
    if rival.prior is None or rival.share is None:
        return f"{rival.cause.value:18} weighed as a part of service_outage, see below"
    return (
        f"{rival.cause.value:18} {rival.prior:8.2g} {rival.raised:8.2g} {rival.log_likelihood or 0:+8.2f} "
        f"{rival.others or 0:+8.2f} {rival.product or 0:9.2e} {rival.share:7.4f}"
    )


def _shares(support: Mapping[Cause, float]) -> str:
    """What four digits show, the most first."""
    told = sorted(support.items(), key=lambda held: -held[1])
    return ", ".join(f"{cause.value} {held:.4f}" for cause, held in told if held >= VISIBLE)


# ── the gate ─────────────────────────────────────────────────────────────────────────────────


def _gate(held: Weighed) -> Iterator[str]:
    if held.gate is None:
        return
    yield f"     gate: what lets {held.leading.value} be called {held.state.value}, and the least (or most) of each that still does"
    for bar in held.bars:
        yield f"       {_bar(bar)}"
    if held.wanting is not None:
        yield f"       to be {held.wanting.state.value} it lacks {_wanting(held.wanting)}"


def _bar(bar: Bar) -> str:
    needed = (
        ""
        if bar.needed is None
        else f"({'most' if bar.name in LESS else 'least'} {bar.needed:.4g})"
    )
    return f"{bar.name:16} {bar.value:8.4g} {needed:13} {bar.words}"


def _wanting(found: Wanting) -> str:
    if not found.ways:
        return "more than any two of these numbers"
    return ", or ".join(
        " with ".join(f"{name} {value:.4g}" for name, value in way.items()) for way in found.ways
    )


# ── connectivity ─────────────────────────────────────────────────────────────────────────────


def _connected(found: Connected, leading: Cause) -> Iterator[str]:
    for host in found.hosts:
        yield f"     AS{host.asn} probe {host.probe}: {_host(host)}"
    probes = sum(found.elsewhere.values())
    yield f"     meanwhile {probes} probes report well from {_listed(f'{c} {n}' for c, n in found.elsewhere.items())}"
    if found.shared:
        yield f"     they share {', '.join(found.shared)}, which explains it, with a belief that is fixed"
    elif found.odds is not None:
        yield from _odds(found.odds)
    elif leading is Cause.NETWORK_DISRUPTION:
        yield "     a part of the tries abroad fails on most networks, round after round: with a belief that is fixed"
    elif leading is Cause.LOCAL_FAULT:
        yield "     no more than a probe by itself is lost: local_fault, with a belief that is fixed"
    yield f"     it has lasted {found.rounds} rounds"


def _host(host: Host) -> str:
    since = f" since {host.since:%Y-%m-%d %H:%M:%S}" if host.since else ""
    how = "measured" if host.measured else "not measured"
    heard = f", last heard {host.heard:%H:%M:%S}" if host.heard else ""
    return (
        f"{host.sentence}{since} ({host.condition}, {how}); controls passed: foreign "
        f"{host.foreign_passed} of {host.foreign}, domestic {host.domestic_passed} of {host.domestic}; "
        f"tries abroad in the window that failed: {host.lost} of {host.tries}{heard}"
    )


def _odds(odds: Odds) -> Iterator[str]:
    yield (
        f"     priors: {odds.of} is lost {odds.place:g}; a probe by itself {odds.by_itself:g}, and so "
        f"{odds.lost} of them at once {odds.by_itself**odds.lost:.2g}"
    )
    faded = f" - {odds.fading:.2f} for the time from one to the next" if odds.fading else ""
    yield (
        f"     odds: {odds.place:g} ÷ {odds.by_itself**odds.lost:.2g} × e^({odds.measured} measured × {odds.nats:g} nats"
        f"{faded}), of which network_disruption has {odds.support:.6g}"
    )
