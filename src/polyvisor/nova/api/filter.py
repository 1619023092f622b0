"""The paste filter that adds Polyvisor to Nova's compute API.

Nova's route table is closed, its paste pipeline is not. The filter stands behind `keystonecontext` (and
behind `legacy_v2_compatible`, where there is one), serves the routes of `routes.py`, and hands on the rest.
Requests are routed, parsed, versioned and answered by Nova's own classes, so that what this filter
understands by a request is what Nova behind it understands.
"""

import http
from collections.abc import Callable, Iterable
from typing import Any

import webob
import webob.dec
import webob.exc
from nova import exception
from nova.api import wsgi as base_wsgi
from nova.api.openstack import ProjectMapper, wsgi
from routes.middleware import RoutesMiddleware

from polyvisor.nova import task_states
from polyvisor.nova.api import policies, routes

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


def factory(_global_config: dict[str, str], **_local_config: str) -> Callable[[Application], Application]:
    """Return the filter, for `paste.filter_factory` in api-paste.ini."""
    policies.register()
    task_states.register()
    return PolyvisorFilter


class PolyvisorFilter(base_wsgi.Middleware):
    """Serves Polyvisor's routes, checks what some of Nova's may not pass, and hands on everything else."""

    def __init__(self, application: Application) -> None:
        super().__init__(application)
        # Not a singleton: the routes library keeps that one per thread, and Nova's own router uses it.
        self._router = RoutesMiddleware(self._dispatch, _mapper(application), singleton=False)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one request."""
        return self._router(environ, start_response)

    def _dispatch(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        match = environ["wsgiorg.routing_args"][1]
        application = match["controller"] if match else self.application
        return application(environ, start_response)


class _Check(wsgi.Resource):
    """Runs a check on a request that Nova is going to serve."""

    def __init__(self, controller: Any, application: Application) -> None:
        super().__init__(controller)
        self._application = application

    def dispatch(self, method: Callable[..., None], request: wsgi.Request, action_args: Any) -> Application:
        method(req=request, **action_args)
        return self._application


class _Actions(wsgi.Resource):
    """Serves the actions on servers that are ours, and hands on all others."""

    def __init__(self, application: Application) -> None:
        super().__init__(None)
        self.wsgi_actions = {
            name: getattr(module, function) for name, (module, function) in routes.ACTIONS.items()
        }
        self._application = application

    @webob.dec.wsgify(RequestClass=wsgi.Request)
    def __call__(self, request: wsgi.Request) -> Application:
        try:
            ours = wsgi.action_peek(request.body) in self.wsgi_actions
        except (exception.MalformedRequestBody, AttributeError, TypeError):
            ours = False  # Nova says what is wrong with it.
        return super().__call__ if ours else self._application


class _Addition:
    """Adds to the answer that Nova gives to a request."""

    def __init__(self, add: Callable[..., dict[str, Any]], application: Application) -> None:
        self._add = add
        self._application = application

    @webob.dec.wsgify(RequestClass=wsgi.Request)
    def __call__(self, request: wsgi.Request) -> webob.Response:
        names = {
            name: value
            for name, value in request.environ["wsgiorg.routing_args"][1].items()
            if name not in {"controller", "action", "project_id"}
        }
        response = request.get_response(self._application)
        if response.status_int == http.HTTPStatus.OK:
            response.json_body = self._add(request, response.json_body, **names)
        return response


def _mapper(application: Application) -> ProjectMapper:
    mapper = ProjectMapper()
    for path, methods in routes.ROUTES:
        for method, (module, function) in methods.items():
            mapper.create_route(path, method, wsgi.Resource(module), function)
        for method in _METHODS - methods.keys():
            mapper.create_route(path, method, _refuse_method(methods), "refuse")
    for path, methods in routes.CHECKS:
        for method, (module, function) in methods.items():
            check: Application = _Check(module, application)
            if path == routes.ACTION_PATH:
                check = _Actions(check)
            mapper.create_route(path, method, check, function)
    for path, methods in routes.ADDITIONS:
        for method, (module, function) in methods.items():
            mapper.create_route(path, method, _Addition(getattr(module, function), application), function)
    return mapper


def _refuse_method(allowed: Iterable[str]) -> Application:
    methods = ", ".join(sorted(allowed))

    @webob.dec.wsgify(RequestClass=wsgi.Request)
    def refuse(_req: wsgi.Request) -> wsgi.Fault:
        return wsgi.Fault(
            webob.exc.HTTPMethodNotAllowed(
                explanation=f"This resource knows only {methods}.", headers={"Allow": methods}
            )
        )

    return refuse
