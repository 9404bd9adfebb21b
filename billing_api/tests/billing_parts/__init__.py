"""What billing's tests run against: real processes and the handles to steer them by."""
