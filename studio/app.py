"""The studio as one thing that starts and stops: 3D scene, panel, exports and the one port."""

from core.engine import Engine
from core.engine.commands import Command
from core.exporting.jobs import Jobs
from studio.jobs.exports import Exports
from studio.panel.layout import build_page
from studio.panel.mounting import mounted
from studio.routes.path import CameraPath
from studio.routes.routes import Routes
from studio.routes.runs import Runs
from studio.scene import SceneView
from studio.security.door import new_token
from studio.security.guard import NO_WAYS, Guard
from studio.security.hosts import Ways
from studio.serving.proxy import viser_routes
from studio.serving.server import Server
from studio.serving.viser_server import start_viser, stop_viser


class Studio:
    """A window on an engine, which belongs to the caller: it is neither started nor stopped here.

    Attributes:
        port: the port that was found free.
        url: the address of everything, ends in a slash.
        entrance: what to open in a browser: `url` with the token, where one is asked for.
        entrances: this and what else may be opened, from other machines or through a proxy.
        token: that is asked for; None without one.
        headers: what a tool sends with each request instead.
    """

    def __init__(
        self,
        engine: Engine,
        host: str = "127.0.0.1",
        port: int = 7860,
        with_token: bool = True,
        begin: Command | None = None,
        ways: Ways = NO_WAYS,
        token: str = "",
    ) -> None:
        """Claim a port and build everything behind it.

        Args:
            begin: is submitted once the first page shows the scene of a run at step 0.
            ways: further names and the path under which it may be asked.
            token: of a studio before this, whose pages are still open; else a fresh one.

        Raises:
            InputError: the address is not this machine's, or no port is free.
            ValueError: without a token for an address that other machines can reach.
        """
        self._server = Server(host, port)
        self.port, self.url = self._server.port, self._server.url
        self.token = (token or new_token()) if with_token else None
        query = f"?token={self.token}" if self.token else ""
        self.entrance = f"{self.url}{query}"
        named = [f"http://{host}{ways.root}/" for host in sorted(ways.hosts)]
        self.entrances = [f"{url}{query}" for url in (*self._server.urls, *named)]
        self.headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        self._viser = start_viser()
        self._view = SceneView(self._viser, engine)
        self._jobs = Jobs()
        self._routes = Routes(engine, self._view, self._jobs, begin)
        page = build_page(engine, Exports(engine, self._jobs, self._view.keys))
        routes = [
            *viser_routes(self._viser.get_port()),
            *self._routes.routes(),
            *Runs(engine).routes(),
            *CameraPath(self._view.keys, self._view.present).routes(),
        ]
        application = mounted(page, routes, ways.root)
        self._guarded = Guard(application, host, self.port, self.token, ways=ways)

    def start(self) -> None:
        """Serve; returns when the page answers."""
        self._view.start()
        self._server.start(self._guarded)

    def stop(self) -> None:
        """End connections, exports and the scene, and free the port."""
        self._routes.stop()
        self._server.stop()
        self._jobs.stop()
        self._view.stop()
        stop_viser(self._viser)
