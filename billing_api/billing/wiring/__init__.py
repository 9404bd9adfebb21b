"""What the processes are made of, from settings; used by the roots only."""
