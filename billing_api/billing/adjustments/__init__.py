"""Adjustments: money staff credit by hand, with a reason and a name."""
