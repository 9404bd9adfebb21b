"""Everything the admin answers: its pages under /admin_panel/, health beside them."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from panel import health

urlpatterns = [
    path("admin_panel/", RedirectView.as_view(pattern_name="admin:index")),
    path("admin_panel/i18n/", include("django.conf.urls.i18n")),
    path("admin_panel/admin/", admin.site.urls),
    path("health/live", health.live),
    path("health/ready", health.ready),
]
