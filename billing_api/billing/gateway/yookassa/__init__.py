"""YooKassa: the only code that knows this provider."""
