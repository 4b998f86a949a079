"""Offline proof, for people who do not trust us: pure, and of the standard library but one."""
