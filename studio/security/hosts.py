"""Names and addresses: which are this computer's own, and under which a server may be asked."""

import ipaddress
import re
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.errors import InputError

_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}
_HOST = re.compile(r"([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_ROOT = re.compile(r"(/[\w.~%@-]+)+")


def is_loopback(host: str) -> bool:
    """Whether a server bound to ``host`` (address or name) is reachable from this computer only.

    A name other than ``localhost`` counts as reachable from outside, whatever it resolves to.
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def url_host(host: str) -> str:
    """``host`` as it stands in an address: IPv6 in brackets, everything in lower case."""
    return f"[{host.lower()}]" if ":" in host else host.lower()


def allowed_hosts(host: str, port: int) -> frozenset[str]:
    """The values of the ``Host`` header under which a server bound to ``host:port`` may be asked.

    The loopback names always; for any other bind also ``host`` itself and this machine's own names
    and addresses. Browsers leave port 80 out, so for it the bare names are allowed too.
    """
    names = {*_LOOPBACK_NAMES, url_host(host)}
    if not is_loopback(host):
        names.update(url_host(name) for name in _machine_names())
    hosts = {f"{name}:{port}" for name in names}
    return frozenset(hosts | names if port == 80 else hosts)


@dataclass(frozen=True)
class Ways:
    """Further ways in: what a proxy, a forwarded port or a container is asked under.

    Attributes:
        hosts: values of the ``Host`` header that are allowed too.
        root: the path under which a proxy shows the studio, without a slash at the end.
    """

    hosts: frozenset[str] = frozenset()
    root: str = ""

    @classmethod
    def of(cls, named: Sequence[str], root: str) -> "Ways":
        """As a person names them.

        Raises:
            InputError: one is no ``NAME`` or ``NAME:PORT``, or the root is no path.
        """
        hosts = frozenset(host.lower() for host in named)
        for host in hosts:
            if not _HOST.fullmatch(host):
                raise InputError(
                    f"--allow-host {host}: give a name as a browser shows it, with its port if "
                    "there is one, such as studio.example or localhost:8080."
                )
        root = root.rstrip("/")
        if root and not _ROOT.fullmatch(root):
            raise InputError(f"--root-path {root}: give a path such as /studio.")
        return cls(hosts, root)


def reachable(host: str, port: int) -> list[str]:
    """The addresses of a server bound to ``host:port``, the first for a browser here."""
    first = WILDCARDS.get(host, host)
    names = [first]
    if host in WILDCARDS:
        names += [name for name in dict.fromkeys(_machine_names()) if name != first]
    return [f"http://{url_host(name)}:{port}/" for name in names]


def _machine_names() -> Iterator[str]:
    """This machine's host names and the addresses by which others reach it."""
    name = socket.gethostname()
    yield from (name, f"{name}.local")
    try:
        for *_, address in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM):
            yield str(address[0])
    except socket.gaierror:
        pass  # a machine that does not know its own name is still reached by its addresses
    for family, elsewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((elsewhere, 9))  # UDP: picks a route and sends nothing
                yield str(probe.getsockname()[0])
        except OSError:
            pass  # no route of this family
