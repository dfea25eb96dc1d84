"""Every room's models, gathered for Django. Code imports a model from its room, never from here."""

from importlib import import_module
from importlib.util import find_spec

from blanko.rooms import open_rooms

for _room in open_rooms(floors=("ground", "records", "cards", "decisions")):
    if find_spec(f"{_room}.models") is not None:
        import_module(f"{_room}.models")
