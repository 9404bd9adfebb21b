"""Technical ground without nouns: database, clock, ids, money, problems, tokens, logs."""
