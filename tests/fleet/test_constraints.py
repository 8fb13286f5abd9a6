"""What the database refuses about the fleet, whatever code writes it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from metered.fleet.models import Agent, ContractPrice, ModelMeter, ModelSupply
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"ends_on": dt.date(2023, 12, 31)}, "contract_ends_after_start"),
        ({"read_day": 0}, "contract_read_day_in_month"),
        ({"read_day": 29}, "contract_read_day_in_month"),
        ({"currency": "usd"}, "contract_currency_iso"),
        ({"currency": "€"}, "contract_currency_iso"),
    ],
)
def test_contracts_make_sense(fields: dict[str, Any], name: str) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        make.contract(make.account(), **fields)


def test_a_contract_may_end_on_the_day_it_starts() -> None:
    assert make.contract(make.account(), ends_on=dt.date(2024, 1, 1)).pk


def test_a_price_is_exact_and_not_negative() -> None:
    contract, (mono,) = make.contract(make.account()), make.meter_types("mono")
    price = ContractPrice.objects.create(contract=contract, meter_type=mono, price=Decimal("0.006543"))
    price.refresh_from_db()
    assert price.price == Decimal("0.006543")
    with pytest.raises(IntegrityError, match="contract_price_not_negative"), transaction.atomic():
        ContractPrice.objects.filter(pk=price.pk).update(price=Decimal("-0.000001"))
    with pytest.raises(IntegrityError, match="contract_price_once"), transaction.atomic():
        ContractPrice.objects.create(contract=contract, meter_type=mono, price=1)


def test_a_supply_has_a_known_kind_a_yield_and_one_reorder_number() -> None:
    with pytest.raises(IntegrityError, match="supply_kind_known"), transaction.atomic():
        make.supply("glitter")
    with pytest.raises(IntegrityError, match="supply_yield_positive"), transaction.atomic():
        make.supply(yield_pages=0)
    make.supply(reorder_number="6R244")
    with pytest.raises(IntegrityError, match="reorder_number"), transaction.atomic():
        make.supply(reorder_number="6R244")


def test_a_model_is_one_row_however_its_name_is_written() -> None:
    model = make.printer_model(name="VersaLink C7130")
    with pytest.raises(IntegrityError, match="printer_model_once"), transaction.atomic():
        make.printer_model(name="VERSALINK C7130")
    supply = make.supply(fits=model)
    with pytest.raises(IntegrityError, match="model_supply_once"), transaction.atomic():
        ModelSupply.objects.create(model=model, supply=supply)
    with pytest.raises(IntegrityError, match="model_meter_once"), transaction.atomic():
        ModelMeter.objects.create(model=model, meter_type=model.meters.all()[0])


def test_an_account_has_one_agent_of_a_name() -> None:
    account = make.account()
    Agent.objects.create(account=account, name="HQ")
    Agent.objects.create(account=make.account(), name="HQ")
    with pytest.raises(IntegrityError, match="agent_name_once"), transaction.atomic():
        Agent.objects.create(account=account, name="HQ")


def test_a_model_has_one_bulletin_in_force() -> None:
    model = make.printer_model()
    make.bulletin(model, "57.40", dt.date(2026, 12, 1))
    with pytest.raises(IntegrityError, match="bulletin_one_per_model"), transaction.atomic():
        make.bulletin(model, "57.50", dt.date(2027, 1, 1))
