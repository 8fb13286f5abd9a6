from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metered.notify import actions
from metered.notify.models import Message


@admin.register(Message)
class MessageAdmin(admin.ModelAdmin):
    list_display = ("created_at", "email", "template", "subject", "status", "attempts", "last_error")
    list_filter = ("status", "template")
    search_fields = ("email", "subject", "event")
    actions = ("retry_selected",)
    ordering = ("-created_at",)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        return False

    @admin.action(description=gettext_lazy("Try parked mails again"))
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        for message in queryset.filter(status=Message.Status.PARKED):
            actions.retry(message=message)
        self.message_user(request, _("They will be sent again."), messages.SUCCESS)
