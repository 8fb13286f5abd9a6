"""Puts our admin site where Django's stands."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class PortalAdminConfig(AdminConfig):
    default_site = "metered.config.admin.PortalAdminSite"
