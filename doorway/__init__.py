"""What the entrances share over HTTP."""
