"""Mail in by SMTP and LMTP."""
