"""What the database promises by itself: each room's triggers, functions, constraints and published views."""

from typing import Any

from django.db import migrations

from blanko.rooms import sql_in_order


def keep_promises(apps: Any, schema_editor: Any) -> None:
    for _name, text in sql_in_order():
        schema_editor.execute(text, params=None)


class Migration(migrations.Migration):
    dependencies = [("blanko", "0001_initial")]
    operations = [migrations.RunPython(keep_promises, migrations.RunPython.noop)]
