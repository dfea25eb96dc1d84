"""Django's PostgreSQL, which asks a server whether it lives only when there is a sign that it does not."""
