"""The only rooms that spell a Redis key or send a Redis command (RQ aside)."""
