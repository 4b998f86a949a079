"""Drivers: how the outside world keeps the promises of ``ledger.ports``."""
