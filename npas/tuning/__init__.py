"""Schedules by measurement: a genetic search per distinct kernel, and a memory of what it found."""
