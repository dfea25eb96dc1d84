"""April 2017: what was known, what was estimated, and what was said on 4 April."""
