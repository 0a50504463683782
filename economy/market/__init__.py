"""Market data: reference rates with their source, and the days on which there are none."""
