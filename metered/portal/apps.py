from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    name = "metered.portal"
    label = "portal"
    verbose_name = _("Portal")

    def ready(self) -> None:
        from metered.notify.attachments import register
        from metered.portal.return_papers import attached
        from metered.returns.announcements import PAPERS

        register(PAPERS, attached)
