"""Web: server-rendered pages. They translate between people and rooms, and decide nothing."""
