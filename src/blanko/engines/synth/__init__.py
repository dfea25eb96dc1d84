"""Makes a synthetic nation with known truth and writes it as the intake's own files."""
