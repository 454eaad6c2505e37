"""What every Python driver has in common: JSON lines in, JSON lines out.

A driver is a process that hosts any number of clients of one library. The suite writes one
request a line, `{"id": 7, "cmd": "send", "client": "alice", "args": {...}}`, and reads answers,
`{"id": 7, "ok": ...}` or `{"id": 7, "error": {"type": ..., "code": ..., "text": ...}}`, and
events, `{"event": "new_message", "client": "alice", ...}`. All drivers speak the same commands
and events (see README.md); what a library lacks is absent from `hello`, never imitated.
"""

import asyncio
import json
import logging
import os
import sys
import traceback

# The libraries print to stdout now and then; the protocol keeps its own descriptor.
_OUT = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
os.dup2(2, 1)

logging.basicConfig(
    level=os.environ.get("E2E_LOG", "WARNING"), stream=sys.stderr,
    format="%(asctime)s %(name)s %(levelname)s %(message)s",
)


class Refused(Exception):
    """An error of the server or the library, in the suite's terms."""

    def __init__(self, text, code=0, kind="rpc"):
        super().__init__(text)
        self.text, self.code, self.kind = text, code, kind


def user(id, first, last="", phone="", username=None, me=False, status=None, contact=False, deleted=False):
    return {
        "id": id, "first": first or "", "last": last or "", "phone": (phone or "").lstrip("+"),
        "username": username or None, "self": bool(me), "status": status, "contact": bool(contact),
        "deleted": bool(deleted),
    }


def message(id, chat, sender, out, text, date, **more):
    """The uniform message. `chat` is the other user's id (or one's own, in the self chat)."""
    row = {
        "id": id, "chat": chat, "from": sender, "out": bool(out), "text": text or "", "date": date,
        "reply_to": None, "entities": [], "forward_from": None, "ttl": None, "silent": False,
        "pinned": False, "edited": False, "service": None, "reactions": [],
    }
    row.update(more)
    return row


class Driver:
    """Dispatches commands to the methods named `cmd_<name>(client, **args)`."""

    library = ""
    version = ""
    layer = 0
    transports = ()

    def __init__(self):
        self.clients = {}
        self.tasks = set()

    def emit(self, client, event, **fields):
        self.write({"event": event, "client": client, **fields})

    def write(self, row):
        _OUT.write(json.dumps(row, ensure_ascii=False) + "\n")

    def commands(self):
        return sorted(name[4:] for name in dir(self) if name.startswith("cmd_"))

    async def cmd_hello(self, _client):
        return {
            "library": self.library, "version": self.version, "layer": self.layer,
            "transports": list(self.transports), "commands": self.commands(),
        }

    def translate(self, error):
        """Turns a library's exception into `Refused`; None when it is not one of its own."""
        return None

    async def handle(self, request):
        answer = {"id": request["id"]}
        try:
            method = getattr(self, "cmd_" + request["cmd"], None)
            if method is None:
                raise Refused(f"{self.library} has no {request['cmd']}", kind="unsupported")
            answer["ok"] = await method(request.get("client"), **request.get("args", {}))
            json.dumps(answer)
        except asyncio.CancelledError:
            answer["error"] = {"type": "driver", "code": 0, "text": "cancelled"}
        except Refused as e:
            answer["error"] = {"type": e.kind, "code": e.code, "text": e.text}
        except BaseException as e:  # noqa: BLE001 - the suite must hear of everything
            refused = self.translate(e)
            answer.pop("ok", None)
            if refused is not None:
                answer["error"] = {"type": refused.kind, "code": refused.code, "text": refused.text}
            else:
                traceback.print_exc(file=sys.stderr)
                answer["error"] = {
                    "type": "driver", "code": 0, "text": f"{type(e).__name__}: {e}",
                }
        self.write(answer)

    async def serve(self):
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=1 << 24)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            task = loop.create_task(self.handle(json.loads(line)))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        # The suite has gone; sockets close with the process.
        os._exit(0)

    def main(self):
        asyncio.run(self.serve())
