"""Who: the name, the e-mail and the password of a person."""
