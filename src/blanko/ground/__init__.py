"""The ground floor: the database, files, audit, places and access."""
