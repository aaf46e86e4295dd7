"""What is done behind the requests: reading, sending, sweeping, sealing."""
