"""Two agents that outlive the platform's crashes: one is pushed to, one polls and answers."""

import http.client
import json
import socket
import threading
import time
from collections import Counter

from plane import Plane, Refused

LOST = (OSError, http.client.HTTPException)


class PushAgent:
    """Answers every delivery with a text that no other delivery gets, so a result recorded twice shows."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.deliveries: Counter[str] = Counter()
        self.order: list[str] = []
        self.guard = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile("rb") as stream:
            try:
                while stream.readline().strip():
                    length = 0
                    while line := stream.readline().strip():
                        name, _, value = line.partition(b":")
                        if name.lower() == b"content-length":
                            length = int(value)
                    connection.sendall(self._answer(json.loads(stream.read(length))))
            except (OSError, ValueError):
                return

    def _answer(self, request) -> bytes:
        message = request["params"]["message"]["messageId"]
        with self.guard:
            self.deliveries[message] += 1
            self.order.append(message)
            turn = self.deliveries[message]
        body = json.dumps({
            "jsonrpc": "2.0",
            "id": request.get("id"),
            "result": {"kind": "message", "role": "agent", "messageId": f"{message}-{turn}",
                       "parts": [{"kind": "text", "text": f"delivery {turn} of {message}"}]},
        }).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    def close(self):
        self.listener.close()


class PollAgent:
    """Reads its inbox from where it stopped and answers each row, again if it never heard the answer
    was taken."""

    def __init__(self, plane: Plane, workspace: str, token: str):
        self.plane, self.workspace, self.token = plane, workspace, token
        self.cursor = ""
        self.acknowledged: set[str] = set()
        self.wrong: list[str] = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.ended.is_set():
            session = self.plane.session(self.token, timeout=10)
            try:
                while not self.ended.is_set():
                    self._turn(session)
            except LOST:
                time.sleep(0.005)  # The platform is down; it will be back.
            except Refused as wrong:
                self.wrong.append(str(wrong))
                return
            finally:
                session.close()

    def _turn(self, session):
        since = f"&since_id={self.cursor}" if self.cursor else "&since_secs=86400"
        rows = session.must("GET", f"/workspaces/{self.workspace}/activity?type=a2a_receive&limit=50&wait=1&order=asc{since}")
        for row in rows:
            if row.get("method") != "notify":
                status, value, _ = session.ask(
                    "POST", f"/workspaces/{self.workspace}/notify", {"message": f"answer to {row['id']}", "reply_to": row["id"]}
                )
                # 409: an earlier attempt got through and the crash took its acknowledgement.
                if status not in (200, 409):
                    raise Refused(f"notify: {status} {value}")
                self.acknowledged.add(row["id"])
            self.cursor = row["id"]

    def close(self):
        self.ended.set()
        self.thread.join(15)
