"""Alerts: what does not look right, with an owner, until somebody says why."""
