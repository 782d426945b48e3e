"""Set-up, checks and machines: what contributors and operators run. The service imports nothing of it."""
