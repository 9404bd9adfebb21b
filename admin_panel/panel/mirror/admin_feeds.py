"""Pages about the copying itself: cursors and the changes set aside."""

from typing import Any

from django.contrib import admin

from panel.mirror import cells
from panel.mirror.filters import ChangeKindFilter
from panel.mirror.lag import lag_seconds
from panel.mirror.models import FeedCursor, RejectedChange
from panel.mirror.readonly import ReadOnlyAdmin
from panel.site.display import moment, span
from panel.site.wording import say


@admin.register(FeedCursor)
class FeedCursorAdmin(ReadOnlyAdmin):
    """How far each feed has been followed."""

    list_display = ("name", "lag", "place", "changes", "applied", "polled", "caught_up")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "lag"),
                    ("place", "changes"),
                    ("applied", "polled"),
                    "caught_up",
                    ("failing", "last_error"),
                ),
            },
        ),
    )
    readonly_fields = ("lag", "place", "applied", "polled", "failing")

    @admin.display(description=say("Отставание", "Lag"))
    def lag(self, obj: FeedCursor) -> str:
        return span(lag_seconds(obj))

    @admin.display(description=say("Позиция", "Position"))
    def place(self, obj: FeedCursor) -> Any:
        return cells.mono(obj.position)

    @admin.display(description=say("Применена", "Applied"))
    def applied(self, obj: FeedCursor) -> str:
        return moment(obj.applied_at, seconds=True)

    @admin.display(description=say("Опрошена", "Polled"))
    def polled(self, obj: FeedCursor) -> str:
        return moment(obj.polled_at, seconds=True)

    @admin.display(description=say("Сбоит с", "Failing since"))
    def failing(self, obj: FeedCursor) -> str:
        return moment(obj.failing_since, seconds=True)


@admin.register(RejectedChange)
class RejectedChangeAdmin(ReadOnlyAdmin):
    """What the mirror could not take, and why."""

    list_display = ("seen", "feed", "kind", "object_id", "error")
    list_filter = ("feed", ChangeKindFilter)
    fields = ("seen", "feed", "kind", "object_id", "position", "error", "change")
    readonly_fields = ("seen",)

    @admin.display(description=say("Когда", "When"))
    def seen(self, obj: RejectedChange) -> str:
        return moment(obj.seen_at, seconds=True)
