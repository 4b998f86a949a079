"""The doors that take events, each in one form."""
