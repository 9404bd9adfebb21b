"""Notifications as they came."""
