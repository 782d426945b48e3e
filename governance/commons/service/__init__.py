"""What people do with the commons, one verb each; the first argument is the unit of work."""
