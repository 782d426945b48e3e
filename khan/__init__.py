"""The only place where parts are chosen and joined: settings, wiring, processes, command line."""
