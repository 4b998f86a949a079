"""Search: what can be asked of the events, and the languages in which people ask it."""
