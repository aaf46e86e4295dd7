"""What people see. The screen comes next; the hub runs headless without it."""
