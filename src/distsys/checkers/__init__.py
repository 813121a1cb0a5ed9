"""Judges of runs and of histories."""
