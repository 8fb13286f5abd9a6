"""The shapes of the returns API."""

from __future__ import annotations

from rest_framework import serializers

from metered.returns.filing import MOST_BOXES, MOST_LINES, MOST_UNITS

STATES = ("filed", "confirmed", "received", "closed", "rejected", "withdrawn")


class ReturnLineSerializer(serializers.Serializer[object]):
    reorder_number = serializers.CharField()
    supply = serializers.CharField()
    quantity = serializers.IntegerField(help_text="Units that were asked for; 0 for what came unannounced.")
    accepted = serializers.IntegerField(allow_null=True, help_text="Null until it is decided.")
    received = serializers.IntegerField()
    reason = serializers.CharField(allow_blank=True, help_text="Why not all of it, in your language.")


class AddressSerializer(serializers.Serializer[object]):
    id = serializers.CharField()
    name = serializers.CharField()


class ReturnSerializer(serializers.Serializer[object]):
    id = serializers.CharField()
    rma = serializers.CharField(allow_null=True, help_text="Nine digits; null until it is confirmed.")
    state = serializers.ChoiceField(choices=STATES)
    address = AddressSerializer(allow_null=True)
    filed_at = serializers.DateTimeField()
    due_on = serializers.DateField(help_text="By the end of this day it has its answer.")
    decided_at = serializers.DateTimeField(allow_null=True)
    boxes = serializers.IntegerField()
    pallet = serializers.BooleanField()
    pick_up_on = serializers.DateField(allow_null=True)
    carrier = serializers.CharField(allow_blank=True)
    tracking = serializers.CharField(allow_blank=True)
    handed_over_at = serializers.DateTimeField(allow_null=True)
    received_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    lines = ReturnLineSerializer(many=True)


class ReturnPageSerializer(serializers.Serializer[object]):
    returns = ReturnSerializer(many=True)
    after = serializers.CharField(
        allow_blank=True, help_text="Ask again with this for older ones; empty at the end."
    )


class TimelineSerializer(serializers.Serializer[object]):
    what = serializers.ChoiceField(
        choices=("filed", "confirmed", "rejected", "handed_over", "received", "closed", "withdrawn")
    )
    at = serializers.DateTimeField()


class WholeReturnSerializer(ReturnSerializer):
    timeline = TimelineSerializer(many=True)


class AskedLineSerializer(serializers.Serializer[object]):
    reorder_number = serializers.CharField(
        max_length=60, help_text="As it is printed on the box; spaces and leading zeros don't matter."
    )
    quantity = serializers.IntegerField(min_value=1, max_value=MOST_UNITS)


class FileReturnSerializer(serializers.Serializer[object]):
    address = serializers.CharField(max_length=32, help_text="The id of the address it is picked up at.")
    lines = serializers.ListField(child=AskedLineSerializer(), allow_empty=False, max_length=MOST_LINES)
    boxes = serializers.IntegerField(min_value=1, max_value=MOST_BOXES)
    weight_kg = serializers.DecimalField(
        max_digits=7, decimal_places=1, min_value=0, required=False, allow_null=True
    )
    contact = serializers.CharField(max_length=120)
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    note = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    sealed = serializers.BooleanField(
        help_text="Must be true: all boxes are full and unopened. Nothing is credited."
    )
    once = serializers.UUIDField(help_text="Your own name for this request: sent again it files nothing new.")

    def validate_sealed(self, value: bool) -> bool:
        if not value:
            raise serializers.ValidationError(
                "Only full, unopened boxes are taken back. What is open is recycled instead."
            )
        return value
