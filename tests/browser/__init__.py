"""The screen as people use it: real Chromium, driven by Playwright, on `torg serve` with a real database behind it."""
