"""A Skill in one file, without packages: Python 3.9 or newer. docs/first-skill.md explains it."""

import base64
import hmac
import json
import os
import random
import secrets
import signal
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import OrderedDict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REGISTRY = os.environ.get("SKILL_REGISTRY_URL", "http://localhost:8000/api/v1")
CLIENT_ID = os.environ.get("SKILL_REGISTRY_CLIENT_ID", "")
CLIENT_SECRET = os.environ.get("SKILL_REGISTRY_CLIENT_SECRET", "")
HOST = os.environ.get("SKILL_HOST", "127.0.0.1")
PORT = int(os.environ.get("SKILL_PORT", "8201"))
MAX_BODY_BYTES = 1_048_576

# ---- What this Skill does: change this part ----

SKILL = {
    "skill_id": "python-greeter",
    "name": "python-greeter",
    "version": "1.0.0",
    "description": "Greets people, and counts the greetings of a channel",
    "capabilities": [
        {
            "capability_id": "greet",
            "name": "greet",
            "category": "demo",
            "description": "Greets somebody",
            "parameters": {"name": {"type": "string", "required": True, "description": "Who is greeted"}},
        }
    ],
}


def greet(parameters, caller, context):
    """Returns the result, and the entries of the channel's context that change. Raise to answer `failed`."""
    greetings = context.get("greetings", 0) + 1
    result = {"text": "Hello " + parameters["name"], "caller": caller, "greetings": greetings}
    return result, {"greetings": greetings}


CAPABILITIES = {"greet": greet}


def read_health():
    """While this is not `healthy`, the Skill gets no calls (`unhealthy`) or fewer (`warning`)."""
    return "healthy"


# ---- The registry ----


class Refusal(Exception):
    pass


def log(line):
    print(line, flush=True)


class Registry:
    """Keeps the Skill registered. `calls_key` is known to this process and the registry only."""

    def __init__(self, url):
        self.url = url
        self.token = None
        self.registration = None
        self.calls_key = secrets.token_urlsafe(32)
        self.left = threading.Event()

    def send(self, path, body, headers):
        request = urllib.request.Request(REGISTRY + path, body, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                return response.status, json.loads(response.read() or b"{}")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"{}")

    def fetch_token(self):
        form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        status, body = self.send("/auth/token", urllib.parse.urlencode(form).encode(), {})
        if status in (400, 401):
            raise Refusal("no token: " + str(body.get("error_description")))
        if status != 200:
            raise OSError("no token: %d" % status)
        return body["access_token"]

    def call(self, path, body):
        """Tokens expire: after 401 it sends the request once more with a new one."""
        for _ in range(2):
            token = self.token = self.token or self.fetch_token()
            headers = {"authorization": "Bearer " + token, "content-type": "application/json"}
            status, answer = self.send(path, json.dumps(body).encode(), headers)
            if status != 401:
                break
            self.token = None
        return status, answer

    def register(self):
        """Returns the seconds until the first heartbeat."""
        secret = {"value": "Bearer " + self.calls_key, "secret": True}
        endpoint = {"url": self.url, "health": read_health(), "parameters": {"authorization": secret}}
        status, body = self.call("/skills/register", dict(SKILL, endpoints=[endpoint]))
        reason = "registration: %d %s %s" % (status, body.get("message"), body.get("details", []))
        if status in (400, 401, 403, 409):
            raise Refusal(reason)
        if status != 200:
            raise OSError(reason)
        self.registration = body["data"]
        log("registered %(skill_id)s at %(url)s, generation %(generation)s" % dict(self.registration, url=self.url))
        return self.registration["interval"]

    def beat(self):
        """Returns the seconds until the next heartbeat."""
        status, body = self.call_endpoint("heartbeat", health=read_health())
        if status == 200:
            return body["data"]["interval"]
        if status == 409:
            raise Refusal("a newer registration has replaced this one")
        if status != 404:
            raise OSError("heartbeat: %d %s" % (status, body.get("message")))
        log("the registry does not know this endpoint any more")
        self.registration = None
        return 0

    def call_endpoint(self, action, **fields):
        registration = self.registration
        body = dict(fields, endpoint_url=self.url, generation=registration["generation"])
        return self.call("/skills/%s/%s" % (urllib.parse.quote(registration["skill_id"], safe=""), action), body)

    def keep_registered(self):
        """Registers, and sends heartbeats until `left` is set; after a failure, again with a growing pause."""
        failures = 0
        while not self.left.is_set():
            try:
                seconds = self.beat() if self.registration else self.register()
                failures = 0
            except (OSError, ValueError) as error:
                failures += 1
                seconds = min(30, 2 ** min(failures, 5)) * random.uniform(0.5, 1)
                log("%s; trying again in %d s" % (error, seconds))
            self.left.wait(seconds)

    def leave_by(self, action):
        """Drains or unregisters this endpoint. Whatever the registry answers, the Skill ends."""
        if not self.registration:
            return
        try:
            status, _ = self.call_endpoint(action)
            log("%s: %s" % (action, "done" if status == 200 else status))
        except (OSError, ValueError, Refusal) as error:
            log("%s: %s" % (action, error))


# ---- Calls ----


class CallError(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status = status
        self.code = code


class Executor:
    """Runs each command once: one that comes again, because its answer was lost, gets the same answer."""

    def __init__(self):
        self.lock = threading.Lock()
        self.commands = OrderedDict()

    def run(self, command, caller):
        handler = CAPABILITIES.get(command.get("capability"))
        if handler is None:
            raise CallError(404, 1005, "This Skill has no such capability")
        with self.lock:
            entry = self.commands.setdefault(command["command_id"], {"lock": threading.Lock(), "data": None})
            if len(self.commands) > 1000:
                self.commands.popitem(last=False)
        with entry["lock"]:
            entry["data"] = entry["data"] or self.execute(handler, command, caller)
            return entry["data"]

    def execute(self, handler, command, caller):
        try:
            result, context = handler(command.get("parameters", {}), caller, command.get("context", {}))
        except Exception as error:
            return {"status": "failed", "error": str(error)}
        data = {"status": "completed", "result": result}
        if command.get("channel_id"):
            data["context"] = context
        return data


def check_caller(headers, registry):
    """
    Returns the client that calls. The standard library cannot check the signature of x-ooder-caller (EdDSA, ES256), so the
    registry proves itself with `calls_key`. Its endpoint parameter `authorization` is secret: only the registry sends it.
    """
    if not registry.registration:
        raise CallError(503, 1008, "Not registered yet")
    given = headers.get("authorization", "").encode()
    try:
        if not hmac.compare_digest(given, ("Bearer " + registry.calls_key).encode()):
            raise ValueError("not sent by the registry")
        claims = headers["x-ooder-caller"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        if claims["aud"] != "skill:" + registry.registration["skill_id"] or claims["exp"] < time.time():
            raise ValueError("for another Skill, or too old")
        return claims["sub"]
    except (ValueError, KeyError, IndexError, AttributeError, TypeError) as error:
        log("caller refused: %s" % error)
        raise CallError(401, 1002, "The caller is not valid for this Skill") from None


class Handler(BaseHTTPRequestHandler):
    timeout = 30

    def do_GET(self):
        found = self.path == "/health"
        self.answer(200 if found else 404, {"status": read_health()} if found else {"code": 1010, "message": "No route"})

    def do_POST(self):
        try:
            if self.path != "/api/v1/commands/execute":
                raise CallError(404, 1010, "There is no such route")
            caller = check_caller(self.headers, self.server.registry)
            data = self.server.executor.run(self.read_body(), caller)
            self.answer(200, {"code": 0, "message": "success", "data": data})
        except CallError as error:
            self.answer(error.status, {"code": error.code, "message": str(error), "details": []})

    def read_body(self):
        try:
            size = int(self.headers.get("content-length", ""))
        except ValueError:
            raise CallError(411, 1001, "Content-Length is missing") from None
        if not 0 <= size <= MAX_BODY_BYTES:
            raise CallError(413, 1001, "The body is too long")
        try:
            return json.loads(self.rfile.read(size))
        except ValueError:
            raise CallError(400, 1001, "The body is not JSON") from None

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    # server_close waits for the calls in flight.
    daemon_threads = False


# ---- Start and end ----


def main():
    stopping = threading.Event()
    server = Server((HOST, PORT), Handler)
    url = os.environ.get("SKILL_URL", "http://%s:%d" % (HOST, server.server_port))
    server.executor = Executor()
    registry = server.registry = Registry(url)
    failures = []

    def keep_registered():
        try:
            registry.keep_registered()
        except Refusal as error:
            failures.append(error)
            stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    member = threading.Thread(target=keep_registered, daemon=True)
    member.start()
    stopping.wait()
    if failures:
        sys.exit("stopped: %s" % failures[0])
    # Gets no new calls, finishes those in flight, and unregisters (docs/heartbeats.md, "Leaving and draining").
    registry.leave_by("drain")
    time.sleep(1)
    server.shutdown()
    server.server_close()
    registry.left.set()
    member.join()
    registry.leave_by("unregister")


if __name__ == "__main__":
    main()
