"""What every mirror page has in common: nobody changes anything, the local superuser included."""

from collections.abc import Callable
from typing import Any

from django.contrib.admin import ShowFacets
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import cached_property
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from panel.site.display import NOTHING
from panel.site.wording import say

COUNT_LIMIT = 10_000
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class BoundedPaginator(Paginator):
    """Counts ten thousand rows at most: a list page must not scan a table of millions."""

    template_name = "mirror/pagination.html"

    @cached_property
    def count(self) -> int:
        queryset: Any = self.object_list
        return int(queryset.order_by()[:COUNT_LIMIT].count())


class BoundedChangeList(ChangeList):
    """Without a search or a filter there is nothing more to show, and the page should not offer."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.query and not self.has_active_filters:
            self.full_result_count = self.result_count


class ReadOnlyAdmin(ModelAdmin):
    """View only. Every POST is refused before Django looks what it is for."""

    actions = None
    change_form_template = "mirror/change_form.html"
    empty_value_display = NOTHING
    paginator = BoundedPaginator
    total_words = say("Всего", "In total")
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # they would count the whole table a choice
    list_per_page = 50
    list_max_show_all = 0
    list_filter_submit = True
    list_fullwidth = True
    compressed_fields = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return BoundedChangeList

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        refuse_writing(request)
        return super().changelist_view(request, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        refuse_writing(request)
        context = dict(extra_context or {})
        if object_id is not None:
            context |= self.panels(request, object_id)
        return super().changeform_view(request, object_id, form_url, context)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        raise PermissionDenied

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        refuse_writing(request)
        return super().history_view(request, object_id, extra_context)

    def panels(self, request: HttpRequest, object_id: str) -> dict[str, Any]:
        """Context for the tables below an object, by the admin of its model."""
        return {}


class SearchingAdmin(ReadOnlyAdmin):
    """A list whose search is a function: rows and what was typed in, the rows found out."""

    find: Callable[[QuerySet[Any], str], QuerySet[Any]]
    search_fields = ("pk",)  # without any Django shows no field to type into

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        return (self.find(queryset, term) if term else queryset), False


def refuse_writing(request: HttpRequest) -> None:
    """403 for any method that could change something."""
    if request.method not in _SAFE:
        raise PermissionDenied
