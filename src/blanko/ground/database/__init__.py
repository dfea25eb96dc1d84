"""Database: a PostgreSQL of our own or any other, its roles, and how a room reaches its SQL."""
