"""The engines: calculations that know no database and no Django."""
