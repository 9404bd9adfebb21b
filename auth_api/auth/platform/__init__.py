"""What every storey stands on and no storey is about: time, ids, errors, logs, the database."""
