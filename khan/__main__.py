"""`python -m khan` is `khan`."""

from khan.command_line import main

main()
