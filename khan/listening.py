"""The socket a service listens on, taken before anything slow begins."""

import errno
import socket

from foundation.errors import Conflict, Invalid


class PortTaken(Conflict):
    """Another program listens on the port."""

    code = "port_taken"

    def __init__(self, port: int) -> None:
        super().__init__(
            f"Port {port} is taken; choose another (--port, or KHAN_PORT for `khan serve`).",
            port=port,
        )


class NoListening(Invalid):
    """Nobody can listen at that address."""

    code = "no_listening"

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"Nobody can listen at {host}, port {port}: {reason}. See to KHAN_HOST and KHAN_PORT.",
            host=host,
            port=port,
        )


def listen(host: str, port: int) -> socket.socket:
    """The socket the service will listen on; port 0 takes any free one.

    Raises
    ------
    PortTaken, NoListening
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(port) from None
        raise NoListening(host, port, str(error.strerror)) from None
    return listening
