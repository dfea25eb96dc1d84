"""The API: typed, described by /api/openapi.json, refusing with problem+json. It translates and decides nothing."""
