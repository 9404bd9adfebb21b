"""The contract with the provider: clients in one vocabulary, and the cases they are held to."""
