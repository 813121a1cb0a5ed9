"""The protocols that real clients speak: bytes and sessions, and nothing of what a service makes of them."""
