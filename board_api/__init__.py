"""The entrance to the ballot box and the board: no cookie, no sign-in, no address, no name."""
