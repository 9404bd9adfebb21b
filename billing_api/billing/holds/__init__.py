"""Holds: balance money set aside for one purpose, until it is charged, released or expires."""
