from django.db import migrations, models

# What had no column of its own until now was kept under `extra`.
OUT_OF_EXTRA = """
    UPDATE mirror_payment SET
        refunded_minor = ((extra ->> 'refunded_value')::numeric * 100)::bigint,
        extra = extra - 'refunded_value'
    WHERE extra ? 'refunded_value'
"""


class Migration(migrations.Migration):
    dependencies = [
        ("mirror", "0005_two_stages"),
    ]

    operations = [
        migrations.AddField(
            model_name="payment",
            name="refunded_minor",
            field=models.BigIntegerField(null=True, verbose_name="Возвращено"),
        ),
        migrations.RunSQL(OUT_OF_EXTRA, migrations.RunSQL.noop),
    ]
