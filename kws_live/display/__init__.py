"""What people see: the live display on a terminal, plain lines elsewhere."""
