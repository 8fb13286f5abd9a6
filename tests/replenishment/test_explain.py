"""Reasons in words (domain rule 25)."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import translation

from metered.replenishment.explain import explain, in_one_sentence

REASON: dict[str, Any] = {
    "rule": "ship", "barred": "", "quantity": 1, "shelf": 0, "on_the_way": 0, "counted_on": "2026-11-03",
    "supply": {"kind": "toner", "colorant": "yellow", "name": "Yellow toner", "reorder_number": "006R01820"},
    "alpha": 0.03, "risk": 0.41, "lead_days": 5, "ships_on": "2026-11-23", "arrives_by": "2026-12-01",
    "join_days": 45, "later_risk": 0.9, "with": ["magenta"],
    "slots": [{
        "slot": 1, "device": "abc", "label": "Front desk", "state": "percent", "percent": 11.0,
        "use": 1.2, "use_sd": 0.5, "runs_out": ["2026-11-27", "2026-11-29", "2026-12-02"],
    }],
    "decided_at": "2026-11-20T18:00:00+00:00", "look_again_at": "2026-11-21T12:00+00:00",
}  # fmt: skip


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def reason(**changes: Any) -> Any:
    return copy.deepcopy(REASON) | changes


def test_the_card_of_a_line_that_ships() -> None:
    card = explain(reason())
    assert card.title == "Why yellow ships on Monday 23 November"
    assert card.facts == [
        ("In the machine", "11%"),
        ("On your shelf, counted 3 Nov", "0"),
        ("On the way", "0"),
        ("Usual use", "1.2% a working day"),
        ("Runs out, likely", "27 Nov to 2 Dec"),
        ("Delivery takes", "up to 5 working days"),
        ("Looked at again", "Sat 21 Nov"),
    ]
    assert card.text == (
        "We ship when there is more than a 1 in 33 chance that it runs out before the next delivery. "
        "In the same box: magenta."
    )


def test_the_risk_in_force_is_printed() -> None:
    assert "1 in 200 chance" in explain(reason(alpha=0.005)).text


def test_a_doubted_shelf_is_said() -> None:
    assert "a count would tell" in explain(reason(shelf=1)).text
    assert "a count would tell" not in explain(reason(shelf=0)).text


def test_nothing_now_says_how_unlikely_it_is() -> None:
    card = explain(reason(rule="enough", risk=0.004, **{"with": []}))
    assert card.title == "Why no yellow is sent now"
    assert card.text.endswith("Now the chance is about 1 in 250.")
    assert explain(reason(rule="enough", risk=0.0)).text.endswith("less than 1 in 1,000.")


def test_what_travels_along_names_its_window() -> None:
    text = explain(reason(rule="along", **{"with": ["black", "cyan"]})).text
    assert text == (
        "A parcel leaves for this address anyway, and it would be due within 45 days. "
        "In the same box: black and cyan."
    )


def test_unknown_use_is_said_and_nothing_is_made_up() -> None:
    slot = REASON["slots"][0] | {
        "use": None,
        "use_sd": None,
        "runs_out": None,
        "state": "unknown",
        "percent": None,
    }
    card = explain(reason(rule="unknown", slots=[slot]))
    assert card.text.startswith("Not known yet")
    assert ("Runs out, likely", "not known yet") in card.facts
    assert ("In the machine", "not reported") in card.facts
    assert "Usual use" not in dict(card.facts)


@pytest.mark.parametrize("because", ["contract", "address", "off", "kind", "supply"])
def test_every_bar_has_its_sentence(because: Any) -> None:
    said = {explain(reason(rule="barred", barred=b)).text for b in (because, "something else")}
    assert len(said) == 2


WASTE = {"kind": "waste", "colorant": "", "name": "Waste container", "reorder_number": "008R08101"}


def test_a_waste_container_gets_full_where_others_run_out() -> None:
    card = explain(reason(supply=WASTE, slots=[REASON["slots"][0] | {"percent": 94.0}]))
    facts = dict(card.facts)
    assert facts["In the machine"] == "6% full"
    assert facts["Full, likely"] == "27 Nov to 2 Dec"
    assert card.text.startswith(
        "We ship when there is more than a 1 in 33 chance that it is full before the next delivery."
    )
    assert "runs out" not in str(card).lower()
    assert in_one_sentence(reason(supply=WASTE)) == "It is likely full between 27 Nov and 2 Dec."
    one_day = REASON["slots"][0] | {"runs_out": ["2026-11-27"] * 3}
    assert in_one_sentence(reason(supply=WASTE, slots=[one_day])) == "It is likely full on 27 Nov."
    assert in_one_sentence(reason(supply=WASTE, slots=[])) == "It may be full before the next delivery."


@pytest.mark.parametrize(
    ("slot", "said"),
    [
        ({"state": "empty", "percent": None}, "full"),
        ({"state": "low", "percent": None}, "nearly full"),
        ({"state": "some_remaining", "percent": None}, "some space left"),
        ({"state": "estimate", "percent": 40.0}, "about 60% full, by pages"),
    ],
)
def test_a_waste_containers_states_in_words(slot: Any, said: str) -> None:
    slots = [REASON["slots"][0] | slot]
    assert dict(explain(reason(supply=WASTE, slots=slots)).facts)["In the machine"] == said
    both = explain(reason(supply=WASTE, slots=slots * 2))
    assert dict(both.facts)["In the machine"] == f"{said}, the fullest of 2"


def test_what_was_cancelled_says_until_when_and_why() -> None:
    held = reason(rule="held", held_until="2026-11-27T12:00+00:00", held_because="They closed the branch.")
    card = explain(held)
    assert card.title == "Why no yellow is sent now"
    assert card.text == "Held back until 27 Nov: cancelled, “They closed the branch”."
    assert explain(held | {"held_because": ""}).text == "Held back until 27 Nov: cancelled."


def test_words_and_estimates_stand_for_levels() -> None:
    def machine(**slot: Any) -> Any:
        return dict(explain(reason(slots=[REASON["slots"][0] | slot])).facts)["In the machine"]

    assert machine(state="low", percent=None) == "low"
    assert machine(state="some_remaining", percent=None) == "some remaining"
    assert machine(state="estimate", percent=23.4) == "about 23%, by pages"
    two = explain(reason(slots=[REASON["slots"][0]] * 2))
    assert dict(two.facts)["In the machine"] == "11%, the emptiest of 2"


def test_one_sentence_for_a_mail() -> None:
    assert in_one_sentence(reason()) == "It likely runs out between 27 Nov and 2 Dec."
    assert in_one_sentence(reason(rule="along")) == "It would be due soon, and travels in the same parcel."
    assert in_one_sentence(reason(slots=[])) == "What is left may not last until the next delivery."


def test_parts_are_named() -> None:
    waste = {"kind": "waste", "colorant": "", "name": "", "reorder_number": ""}
    drum = {"kind": "drum", "colorant": "cyan", "name": "", "reorder_number": ""}
    assert explain(reason(rule="enough", supply=waste)).title == "Why no waste container is sent now"
    assert explain(reason(rule="enough", supply=drum)).title == "Why no cyan drum is sent now"


def test_an_old_or_empty_reason_is_no_error() -> None:
    assert explain({}).title
    assert in_one_sentence({})
