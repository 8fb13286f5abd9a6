"""The shapes of enrolling as the API's schema shows them."""

from __future__ import annotations

from rest_framework import serializers


class EnrolSerializer(serializers.Serializer[object]):
    code = serializers.CharField(
        max_length=64, help_text="As it was typed: case, spaces and hyphens don't matter."
    )
    host = serializers.CharField(
        required=False, max_length=255, help_text="What the agent's computer calls itself."
    )
    version = serializers.CharField(required=False, max_length=40)


class AgentSerializer(serializers.Serializer[object]):
    id = serializers.CharField()
    name = serializers.CharField(help_text="As people of the account call it.")


class EnrolledSerializer(serializers.Serializer[object]):
    token = serializers.CharField(help_text="Shown once; kept here as a hash only.")
    agent = AgentSerializer()
    account = serializers.CharField(help_text="The customer whose printers it reports.")
