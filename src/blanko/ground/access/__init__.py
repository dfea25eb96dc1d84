"""Access: named officers and services, and in whose name a transaction acts."""
