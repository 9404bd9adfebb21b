"""What waits for a person and what was decided: of payments and refunds alike, above both."""
