"""What the room of drivers' costs writes and reads."""
