"""The shapes of the telemetry API as its schema shows them. Decoding itself is wire.py, strict and fast."""

from __future__ import annotations

from rest_framework import serializers

from metered.reads import wire

METER_UNITS = ("impressions", "sheets", "other")
KINDS = ("toner", "waste", "drum", "fuser", "ink", "staples", "other")
STATES = ("percent", "low", "empty", "some_remaining", "unknown", "unrestricted")
SUPPLY_UNITS = (
    "percent", "impressions", "sheets", "grams", "tenths_of_grams", "millilitres", "items", "hours", "other",
)  # fmt: skip
REFUSALS = (
    "unknown_serial", "missing_serial", "device_removed", "malformed_report", "software_below_minimum",
    "tls_below_minimum",
)  # fmt: skip
WARNINGS = ("software_below_minimum", "meter_held", "clock_ahead")


class MeterSerializer(serializers.Serializer[object]):
    meter = serializers.CharField(
        max_length=32,
        help_text="`total`, `mono`, `colour`, `large_mono`, `large_colour`, or another the model defines.",
    )
    count = serializers.IntegerField(min_value=0, help_text="A whole number; never goes down.")
    unit = serializers.ChoiceField(choices=METER_UNITS, required=False, allow_null=True)
    source = serializers.CharField(  # type: ignore[assignment]
        required=False, allow_null=True, help_text="Where it was read, such as an OID."
    )


class SupplySerializer(serializers.Serializer[object]):
    slot = serializers.CharField(max_length=24, help_text="The printer's own supply index, such as 1.4.")
    kind = serializers.ChoiceField(choices=KINDS)
    colorant = serializers.CharField(
        max_length=24,
        required=False,
        allow_null=True,
        help_text="`black`, `cyan`, `magenta`, `yellow`, or the printer's own word.",
    )
    state = serializers.ChoiceField(choices=STATES)
    percent = serializers.FloatField(
        min_value=0,
        max_value=100,
        required=False,
        allow_null=True,
        help_text="Only with the state `percent`. For waste: the space left.",
    )
    description = serializers.CharField(required=False, allow_null=True)
    reorder_number = serializers.CharField(required=False, allow_null=True)
    cartridge_serial = serializers.CharField(max_length=64, required=False, allow_null=True)
    level = serializers.FloatField(required=False, allow_null=True)
    capacity = serializers.FloatField(required=False, allow_null=True)
    unit = serializers.ChoiceField(choices=SUPPLY_UNITS, required=False, allow_null=True)


class ReportSerializer(serializers.Serializer[object]):
    serial = serializers.CharField(max_length=64, allow_null=True, help_text="As the printer gives it.")
    observed_at = serializers.DateTimeField(help_text="The sender's clock, with its offset from UTC.")
    path = serializers.ChoiceField(choices=("agent", "direct"))
    model = serializers.CharField(required=False, allow_null=True)
    vendor = serializers.CharField(required=False, allow_null=True)
    software = serializers.CharField(max_length=64, required=False, allow_null=True)
    host = serializers.CharField(max_length=255, required=False, allow_null=True)
    complete = serializers.BooleanField(
        required=False,
        help_text="False: part of the device did not answer; what is missing is absent, never zero.",
    )
    meters = MeterSerializer(many=True, required=False)
    supplies = SupplySerializer(many=True, required=False)
    alerts = serializers.ListField(
        child=serializers.CharField(max_length=64),
        required=False,
        help_text="Conditions of the whole device; never turned into a slot's level.",
    )


def _count(meaning: str) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=0, required=False, allow_null=True, help_text=meaning)


class SetAsideSerializer(serializers.Serializer[object]):
    serial = serializers.CharField(required=False, allow_null=True)
    reason = serializers.CharField(max_length=64, help_text="As the answer to it said.")


class StatusSerializer(serializers.Serializer[object]):
    devices = _count("Printers that it reads.")
    silent = _count("Of these, how many did not answer last time.")
    spooled = _count("Reports that wait to be sent.")
    spool_oldest = serializers.DateTimeField(
        required=False, allow_null=True, help_text="When the oldest of them was observed."
    )
    dropped = _count("Reports that it had to give up because its spool was full or they were too old.")
    refused = SetAsideSerializer(
        many=True,
        required=False,
        allow_null=True,
        help_text="Reports that were refused and that it keeps; the first 100 are kept here.",
    )


class SenderSerializer(serializers.Serializer[object]):
    instance = serializers.CharField(max_length=64, help_text="This installation of the agent.")
    version = serializers.CharField(max_length=40)
    sequence = serializers.IntegerField(min_value=0, help_text="Its batches, counted.")
    sent_at = serializers.DateTimeField(required=False)
    status = StatusSerializer(
        required=False,
        allow_null=True,
        help_text="What an agent says of itself; unknown when it is absent.",
    )


class BatchSerializer(serializers.Serializer[object]):
    schema = serializers.IntegerField(min_value=wire.SCHEMA, max_value=wire.SCHEMA)
    agent = SenderSerializer()
    reports = ReportSerializer(many=True, max_length=wire.MAX_REPORTS)  # type: ignore[call-arg]


class RefusedSerializer(serializers.Serializer[object]):
    index = serializers.IntegerField(help_text="Place in `reports`, from 0.")
    serial = serializers.CharField(allow_null=True)
    reason = serializers.ChoiceField(choices=REFUSALS)
    detail = serializers.CharField()


class WarningSerializer(serializers.Serializer[object]):
    index = serializers.IntegerField(help_text="Place in `reports`, from 0.")
    serial = serializers.CharField(allow_null=True)
    reason = serializers.ChoiceField(choices=WARNINGS)
    detail = serializers.CharField()


class AnswerSerializer(serializers.Serializer[object]):
    received = serializers.IntegerField()
    accepted = serializers.IntegerField(help_text="Reports that became observations.")
    duplicates = serializers.IntegerField(
        help_text="Reports whose serial and time were known; they change nothing."
    )
    refused = RefusedSerializer(many=True)
    warnings = WarningSerializer(many=True)
    server_time = serializers.DateTimeField()
    minimum_agent_version = serializers.CharField()
