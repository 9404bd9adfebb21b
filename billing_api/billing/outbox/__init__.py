"""What happened, for whoever is told later."""
