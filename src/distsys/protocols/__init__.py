"""Protocols: agreement among servers that crash, restart and lose messages, each beside the laws that it keeps."""
