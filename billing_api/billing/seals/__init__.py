"""Daily seals: the books of a day, counted, summed and chained by a hash once the day is over."""
