"""From an alert in the outbox to a signed request at every endpoint."""
