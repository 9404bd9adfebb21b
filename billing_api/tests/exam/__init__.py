"""Experiments that try to lose, double or misplace money, each with a control that must fail."""
