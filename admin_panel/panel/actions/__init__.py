"""Room for what staff may do: refunds, cancels, credits, through billing's API."""
