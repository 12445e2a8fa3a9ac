"""Makes the names of a test instance resolve to this machine in every Python of the test run.

Only the address is given; certificates are checked against the name as always.
"""

import os
import socket

_DOMAIN = os.environ.get("STRONGROOM_TEST_DOMAIN")
_original = socket.getaddrinfo


def _getaddrinfo(host, *args, **kwargs):
    if isinstance(host, str) and (host == _DOMAIN or host.endswith("." + _DOMAIN)):
        host = "127.0.0.1"
    return _original(host, *args, **kwargs)


if _DOMAIN:
    socket.getaddrinfo = _getaddrinfo
