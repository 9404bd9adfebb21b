"""How often somebody may try: per source, and per name after failures."""
