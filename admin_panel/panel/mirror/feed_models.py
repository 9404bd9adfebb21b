"""How far each feed has been followed, and the changes that could not be applied.

They live beside the mirror, not in panel.sync, because the first page and the health check read
them and the apps never import each other. Like the mirror they are written by sync alone.
"""

from django.db import models

from panel.mirror.guard import MirrorModel
from panel.site.wording import say


class FeedCursor(MirrorModel):
    """One row a feed; `position` moves in the transaction that applies the page before it."""

    name = models.TextField(say("Лента", "Feed"), primary_key=True)
    position = models.TextField(say("Позиция", "Position"))
    newest_at = models.DateTimeField(say("Новейшая запись", "Newest change"), null=True)
    applied_at = models.DateTimeField(say("Применена", "Applied"), null=True)
    polled_at = models.DateTimeField(say("Опрошена", "Polled"), null=True)
    caught_up = models.BooleanField(say("Дочитана", "Caught up"), default=False)
    applied_lag_ms = models.BigIntegerField(say("Задержка, мс", "Delay, ms"), null=True)
    changes = models.BigIntegerField(say("Записей", "Changes"), default=0)
    failing_since = models.DateTimeField(say("Сбоит с", "Failing since"), null=True)
    last_error = models.TextField(say("Ошибка", "Error"), default="")

    class Meta(MirrorModel.Meta):
        verbose_name = say("лента изменений", "change feed")
        verbose_name_plural = say("Ленты изменений", "Change feeds")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class RejectedChange(MirrorModel):
    """A change the mirror has no room for (malformed): set aside so that the rest goes on."""

    id = models.BigAutoField(primary_key=True)
    feed = models.TextField(say("Лента", "Feed"))
    position = models.TextField(say("Позиция", "Position"))
    kind = models.TextField(say("Вид", "Kind"))
    object_id = models.TextField(say("Номер", "Id"))
    change = models.JSONField(say("Запись", "Change"))
    error = models.TextField(say("Причина", "Error"))
    seen_at = models.DateTimeField(say("Когда", "When"))

    class Meta(MirrorModel.Meta):
        verbose_name = say("отклонённая запись", "change set aside")
        verbose_name_plural = say("Отклонённые записи", "Changes set aside")
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=["feed", "position"], name="rejected_once"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"
