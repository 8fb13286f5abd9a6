"""Devices are added, named, moved and corrected; customers ask, staff decide (domain rule 6)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from metered.accounts.models import ActivityEntry, Fact, User
from metered.fleet import actions
from metered.fleet.models import Device, DeviceRequest
from metered.lib.errors import Refused
from metered.notify.models import Message
from metered.replenishment.actions import notice_facts
from metered.replenishment.models import AddressReview
from tests import factories as make
from tests.threads import at_once, fine, while_open

pytestmark = pytest.mark.django_db

TODAY = dt.date(2026, 11, 26)


@pytest.fixture
def cast() -> make.Cast:
    return make.cast()


def ask(cast: make.Cast, kind: str, device: Device | None = None, **fields: Any) -> DeviceRequest:
    return actions.ask_for_change(
        account_id=cast.northwind.pk, kind=kind, device=device, **({"actor": cast.ana} | fields)
    )


def refusal(action: Any, **fields: Any) -> str:
    with pytest.raises(Refused) as refused:
        action(**fields)
    return refused.value.code


# --- name and place ---------------------------------------------------------------------------------


def test_named_twice_at_once_nobodys_words_are_lost_unnoticed(cast: make.Cast) -> None:
    device = make.device(cast.main_st, name="Old", place="Hall")
    seen = ("Old", "Hall")
    actions.rename_device(device=device, name="Ana's", place="Hall", seen=seen, actor=cast.ana)
    late: dict[str, Any] = {
        "device": device,
        "name": "Ben's",
        "place": "Hall",
        "seen": seen,
        "actor": cast.ben,
    }
    assert refusal(actions.rename_device, **late) == "changed_meanwhile"
    device.refresh_from_db()
    assert device.name == "Ana's"
    # Having seen what stands there, the same words go through; and the same again is no second entry.
    for _ in range(2):
        actions.rename_device(**late | {"seen": ("Ana's", "Hall")})
    device.refresh_from_db()
    assert device.name == "Ben's"
    entries = ActivityEntry.objects.filter(verb="named").order_by("pk")
    assert [entry.after["name"] for entry in entries if entry.after] == ["Ana's", "Ben's"]


@pytest.mark.django_db(transaction=True)
def test_whoever_saves_second_waits_and_is_told() -> None:
    device = make.device(make.address(make.account()), name="Old")
    seen = ("Old", "")
    second = while_open(
        lambda: actions.rename_device(device=device, name="First", place="", seen=seen),
        lambda: actions.rename_device(device=device, name="Second", place="", seen=seen),
    )
    assert second.waited and getattr(second.result, "code", "") == "changed_meanwhile"


# --- moving, correcting, adding ---------------------------------------------------------------------


def test_a_move_is_a_fact_at_both_addresses(cast: make.Cast) -> None:
    device = make.device(cast.main_st)
    actions.move_device(device=device, address=cast.harbor_st, actor=cast.sam)
    device.refresh_from_db()
    assert device.address == cast.harbor_st
    facts = Fact.objects.filter(kind="device_changed", public_id=device.public_id)
    assert {fact.address for fact in facts} == {cast.main_st, cast.harbor_st}
    notice_facts()
    assert set(AddressReview.objects.values_list("address_id", flat=True)) >= {
        cast.main_st.pk,
        cast.harbor_st.pk,
    }
    before = ActivityEntry.objects.count()
    actions.move_device(device=device, address=cast.harbor_st)
    assert ActivityEntry.objects.count() == before


def test_where_a_device_can_not_go(cast: make.Cast) -> None:
    device = make.device(cast.main_st)
    assert refusal(actions.move_device, device=device, address=cast.press_address) == "address_of_other"
    cast.harbor_st.retired_at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    cast.harbor_st.save()
    assert refusal(actions.move_device, device=device, address=cast.harbor_st) == "address_retired"
    actions.remove_device(device=device)
    assert refusal(actions.move_device, device=device, address=cast.main_st) == "device_removed"


def test_a_serial_is_corrected_unless_another_device_has_it(cast: make.Cast) -> None:
    device = make.device(cast.main_st, serial="3TX1")
    make.device(cast.press_address, serial="3TX2")
    assert refusal(actions.correct_serial, device=device, serial="3tx-2") == "serial_taken"
    assert refusal(actions.correct_serial, device=device, serial=" - ") == "serial_missing"
    actions.correct_serial(device=device, serial=" 3TX-3 ", actor=cast.sam)
    device.refresh_from_db()
    assert (device.serial, device.serial_key) == ("3TX-3", "3TX3")
    entry = ActivityEntry.objects.get(verb="corrected the serial of")
    assert (entry.before, entry.after) == ("3TX1", "3TX-3")


@pytest.mark.parametrize(
    ("colour", "eligibility", "joins"),
    [
        (False, "reports_levels", "starting"),
        (True, "reports_levels", "off"),
        (False, "not_eligible", "off"),
    ],
)
def test_mono_devices_join_at_install(cast: make.Cast, colour: bool, eligibility: str, joins: str) -> None:
    device = actions.add_device(
        contract=cast.contract,
        address=cast.main_st,
        model=make.printer_model(colour=colour, eligibility=eligibility),
        serial="N1",
        installed_on=TODAY,
        actor=cast.sam,
    )
    assert device.replenishment == joins
    assert Fact.objects.get(kind="device_added").public_id == device.public_id


# --- asking -----------------------------------------------------------------------------------------


def test_asked_twice_it_is_one_request(cast: make.Cast) -> None:
    device = make.device(cast.main_st)
    first = ask(cast, "move", device, address=cast.harbor_st)
    assert ask(cast, "move", device, address=cast.harbor_st) == first
    with pytest.raises(Refused, match="Ana asked for this already"):
        ask(cast, "move", device, address=cast.harbor_st, actor=cast.ben)
    with pytest.raises(Refused, match="not decided"):
        ask(cast, "move", device, note="Somewhere else")
    assert DeviceRequest.objects.count() == 1
    assert ActivityEntry.objects.filter(verb="asked for a change of").count() == 1


@pytest.mark.django_db(transaction=True)
def test_asked_by_many_clicks_at_once_it_is_one_request() -> None:
    cast = make.cast()
    device = make.device(cast.main_st)
    asked = fine(at_once(8, lambda _n: ask(cast, "remove", device).pk))
    assert len(set(asked)) == 1 and DeviceRequest.objects.count() == 1
    added = fine(at_once(8, lambda _n: ask(cast, "add", serial="N-1", note="Hall").pk))
    assert len(set(added)) == 1 and DeviceRequest.objects.count() == 2


def test_what_can_not_be_asked(cast: make.Cast) -> None:
    device = make.device(cast.main_st, serial="3TX1")
    make.device(cast.main_st, serial="3TX9")
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("kind", {"kind": "paint", "device": device}),
        ("kind", {"kind": "add", "device": device}),
        ("where", {"kind": "move", "device": device}),
        ("same_address", {"kind": "move", "device": device, "address": cast.main_st}),
        ("address_of_other", {"kind": "move", "device": device, "address": cast.press_address}),
        ("serial_missing", {"kind": "serial", "device": device, "serial": " "}),
        ("same_serial", {"kind": "serial", "device": device, "serial": "3TX1"}),
        ("serial_known", {"kind": "serial", "device": device, "serial": "3tx-9"}),
        ("serial_known", {"kind": "add", "serial": "3TX9", "note": "x"}),
    ]
    for code, fields in wrong:
        assert refusal(ask, cast=cast, **fields) == code, fields
    assert not DeviceRequest.objects.exists()


def test_a_serial_of_another_account_is_no_secret_given_away(cast: make.Cast) -> None:
    make.device(cast.press_address, serial="PRESS1")
    assert ask(cast, "add", serial="PRESS1", note="Hall").state == "open"


# --- deciding ---------------------------------------------------------------------------------------


def test_each_kind_is_done_as_it_was_asked_and_the_asker_is_told(cast: make.Cast) -> None:
    device, sam = make.device(cast.main_st, serial="3TX1", name="Front desk"), cast.sam
    asked = ask(cast, "move", device, address=cast.harbor_st)
    actions.move_as_asked(request=asked, address=cast.harbor_st, actor=sam)
    actions.correct_as_asked(request=ask(cast, "serial", device, serial="3TX8"), serial="3TX8", actor=sam)
    device.refresh_from_db()
    assert (device.address, device.serial) == (cast.harbor_st, "3TX8")
    actions.remove_as_asked(request=ask(cast, "remove", device), actor=sam)
    device.refresh_from_db()
    assert device.removed_at is not None
    added = actions.add_as_asked(
        request=ask(cast, "add", serial="N1", address=cast.main_st),
        contract=cast.contract,
        address=cast.main_st,
        model=device.model,
        serial="N1",
        installed_on=TODAY,
        path="direct",
        actor=sam,
    )
    assert added.account == cast.northwind
    mails = Message.objects.filter(template="device_request").order_by("pk")
    assert [mail.values["kind"] for mail in mails] == ["move", "serial", "remove", "add"]
    assert {mail.email for mail in mails} == {"ana@example.com"}
    assert mails[1].values["serial"] == "3TX8"
    assert set(DeviceRequest.objects.values_list("state", "decided_by")) == {("done", sam.pk)}


def test_a_no_has_a_reason_and_is_final(cast: make.Cast) -> None:
    asked = ask(cast, "remove", make.device(cast.main_st))
    assert refusal(actions.decline, request=asked, reason=" ", actor=cast.sam) == "reason_missing"
    actions.decline(request=asked, reason="It is leased until May.", actor=cast.sam)
    assert refusal(actions.remove_as_asked, request=asked, actor=cast.sam) == "decided"
    assert Message.objects.get().values["reason"] == "It is leased until May."
    assert not Device.objects.exclude(removed_at=None).exists()
    with pytest.raises(IntegrityError, match="can not become"), transaction.atomic():
        DeviceRequest.objects.update(state="open")
    # Decided: it may be asked for again.
    assert ask(cast, "remove", asked.device).state == "open"


def test_a_device_of_a_request_never_lands_at_another_customer(cast: make.Cast) -> None:
    asked = ask(cast, "add", serial="N1", address=cast.main_st)
    fields: dict[str, Any] = {
        "request": asked, "address": cast.press_address, "model": make.printer_model(), "serial": "N1",
        "installed_on": TODAY, "path": "agent", "actor": cast.sam,
    }  # fmt: skip
    assert refusal(actions.add_as_asked, contract=cast.press_contract, **fields) == "contract_of_other"
    assert refusal(actions.add_as_asked, contract=cast.contract, **fields) == "address_of_other"
    asked.refresh_from_db()
    assert asked.state == "open"


def test_who_left_the_account_is_not_mailed(cast: make.Cast) -> None:
    asked = ask(cast, "remove", make.device(cast.main_st))
    cast.ana.memberships.all().delete()
    actions.remove_as_asked(request=asked, actor=cast.sam)
    assert not Message.objects.exists()


# --- replenishment ----------------------------------------------------------------------------------


def test_when_it_starts_the_people_of_the_address_are_told_once(cast: make.Cast) -> None:
    devices = [make.device(cast.main_st, name=f"D{n}") for n in range(23)]
    devices.append(make.device(cast.harbor_st, name="Harbor"))
    ids = [device.pk for device in devices]
    assert actions.mark_replenishment_started(device_ids=ids) == 24
    assert actions.mark_replenishment_started(device_ids=ids) == 0
    mails = Message.objects.filter(template="replenishment_on").order_by("email", "pk")
    # Ben orders for Main St only.
    assert [(mail.email, mail.values["count"]) for mail in mails] == [
        ("ana@example.com", 23),
        ("ana@example.com", 1),
        ("ben@example.com", 23),
    ]
    assert (len(mails[0].values["devices"]), mails[0].values["more"]) == (20, 3)


def test_it_never_stops_without_telling(cast: make.Cast) -> None:
    device = make.device(cast.harbor_st, name="Harbor", replenishment="on")
    for _ in range(2):
        actions.switch_replenishment(device=device, on=False, reason="Moves", actor=cast.ana)
    (mail,) = Message.objects.filter(template="replenishment_off")
    assert (mail.email, mail.values["who"], mail.values["reason"]) == ("ana@example.com", "Ana", "Moves")


def test_the_desk_decides_with_buttons(cast: make.Cast) -> None:
    from tests.access_world import signed_in

    staff: User = cast.sam
    client = signed_in(staff)
    device = make.device(cast.main_st)
    move = ask(cast, "move", device, address=cast.harbor_st)
    add = ask(cast, "add", serial="N1", note="Hall")
    base = "/admin/fleet/devicerequest"
    page = client.get(f"{base}/{move.pk}/move/")
    assert page.context["form"].initial["address"] == cast.harbor_st.pk
    assert "Pier 4" not in page.content.decode()
    client.post(f"{base}/{move.pk}/move/", {"address": cast.harbor_st.pk})
    assert client.post(f"{base}/{add.pk}/add-device/", {"serial": "N1"}).status_code == 200
    values = {
        "serial": "N1", "model": device.model.pk, "contract": cast.contract.pk, "address": cast.main_st.pk,
        "installed_on": "2026-11-20", "path": "agent",
    }  # fmt: skip
    assert client.post(f"{base}/{add.pk}/add-device/", values).status_code == 302
    device.refresh_from_db()
    assert device.address == cast.harbor_st
    assert Device.objects.get(serial="N1").account == cast.northwind
    assert "Changes of devices asked for" in client.get("/admin/").content.decode()
