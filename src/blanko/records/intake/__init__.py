"""Intake: takes files in, keeps every version of every row, and explains every row that it refused."""
