"""Has a client over HTTP/2 obey (see doc.go). The streams are those of h2, which knows nothing of WebSocket: its frames are made
here, and its compression, with context takeover."""

import hashlib
import os
import secrets
import socket
import ssl
import sys
import zlib
from urllib.parse import urlsplit

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

SUBPROTOCOLS = os.environ["INTEROP_SUBPROTOCOLS"].split(",")
COMPRESSES = os.environ["INTEROP_COMPRESSION"] != ""
WINDOW = 1 << 20

CONTINUATION, TEXT, CLOSE, PING, PONG = 0, 1, 8, 9, 10


class Lost(Exception):
    """The stream has ended."""


class Link:
    """A connection of HTTP/2, for one stream after the other."""

    def __init__(self, url):
        self.origin = url.netloc
        self.socket = socket.create_connection((url.hostname, url.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if url.scheme == "wss":
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_alpn_protocols(["h2"])
            self.socket = context.wrap_socket(self.socket)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: WINDOW})
        self.h2.increment_flow_control_window(WINDOW)
        self.flush()
        self.stream, self.came, self.response, self.over = None, bytearray(), None, False
        self.settled = False
        while not self.settled:
            self.take()
        if not self.h2.remote_settings.enable_connect_protocol:
            raise Lost("it is not announced")

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def take(self):
        """Takes what comes next, of the stream or of others before it."""
        if self.over:
            raise Lost("the stream has ended")
        data = self.socket.recv(1 << 18)
        if not data:
            self.over = True
            raise Lost("the connection has ended")
        for event in self.h2.receive_data(data):
            self.handle(event)
        self.flush()

    def handle(self, event):
        if isinstance(event, h2.events.DataReceived):
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        if isinstance(event, h2.events.RemoteSettingsChanged):
            self.settled = True
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.over = True
        elif getattr(event, "stream_id", None) != self.stream:
            pass
        elif isinstance(event, h2.events.ResponseReceived):
            self.response = dict(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            self.came += event.data
        elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
            self.over = True

    def open(self, path):
        """Opens the next stream, and returns the header of the response."""
        self.stream = self.h2.get_next_available_stream_id()
        self.came.clear()
        self.response, self.over = None, False
        header = [
            (":method", "CONNECT"),
            (":protocol", "websocket"),
            (":scheme", "https" if isinstance(self.socket, ssl.SSLSocket) else "http"),
            (":path", path),
            (":authority", self.origin),
            ("sec-websocket-version", "13"),
            ("sec-websocket-protocol", ", ".join(SUBPROTOCOLS)),
        ]
        if COMPRESSES:
            header.append(("sec-websocket-extensions", "permessage-deflate"))
        self.h2.send_headers(self.stream, header)
        self.flush()
        while self.response is None:
            self.take()
        return self.response

    def read(self, size):
        while len(self.came) < size:
            self.take()
        data = bytes(self.came[:size])
        del self.came[:size]
        return data

    def write(self, data):
        view = memoryview(data)
        while view:
            room = min(self.h2.local_flow_control_window(self.stream), self.h2.max_outbound_frame_size)
            if room == 0:
                self.take()
                continue
            self.h2.send_data(self.stream, bytes(view[:room]))
            self.flush()
            view = view[room:]

    def cut(self, how):
        if how == "end":
            self.h2.end_stream(self.stream)
        elif how == "reset":
            self.h2.reset_stream(self.stream, h2.errors.ErrorCodes.INTERNAL_ERROR)
        elif how == "goaway":
            self.h2.close_connection(h2.errors.ErrorCodes.INTERNAL_ERROR)
        if how != "lost":
            self.flush()
        if how in ("goaway", "lost"):
            self.socket.close()
        raise Lost("cut")


def mask(key, data):
    size = len(data)
    pad = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "little") ^ int.from_bytes(pad, "little")).to_bytes(size, "little")


class WebSocket:
    def __init__(self, link, response):
        self.link = link
        self.protocol = response["sec-websocket-protocol"]
        self.deflater = self.inflater = None
        if "sec-websocket-extensions" in response:
            assert response["sec-websocket-extensions"] == "permessage-deflate", response
            self.deflater, self.inflater = zlib.compressobj(wbits=-15), zlib.decompressobj(wbits=-15)
        self.digest, self.size, self.how, self.ponged = False, 0, None, None
        self.closing = False

    def frame(self, opcode, data, fin=True, compressed=False):
        first = opcode | fin << 7 | compressed << 6
        key, size = secrets.token_bytes(4), len(data)
        if size < 126:
            head = bytes([first, 0x80 | size])
        elif size < 1 << 16:
            head = bytes([first, 0x80 | 126]) + size.to_bytes(2, "big")
        else:
            head = bytes([first, 0x80 | 127]) + size.to_bytes(8, "big")
        self.link.write(head + key + mask(key, data))

    def send(self, opcode, data):
        if self.deflater:
            data = (self.deflater.compress(data) + self.deflater.flush(zlib.Z_SYNC_FLUSH))[:-4] or b"\0"
        compressed = self.deflater is not None
        if self.how:
            self.frame(opcode, data[: len(data) // 2], False, compressed)
            self.link.cut(self.how)
        parts = [data[i : i + self.size] for i in range(0, len(data), self.size)] if self.size else [data]
        for i, part in enumerate(parts):
            first = i == 0
            self.frame(opcode if first else CONTINUATION, part, i == len(parts) - 1, compressed and first)
        self.size = 0

    def receive(self):
        """Returns the next message, or the code and reason of the close frame."""
        opcode = compressed = None
        message = []
        while True:
            first, second = self.link.read(2)
            size = second & 0x7F
            if size > 125:
                size = int.from_bytes(self.link.read(2 if size == 126 else 8), "big")
            data = self.link.read(size)
            kind = first & 0xF
            if kind == CLOSE:
                return CLOSE, data
            if kind == PING:
                self.frame(PONG, data)
            elif kind == PONG:
                if data == self.ponged:
                    self.send(TEXT, b"pong " + data)
                    self.ponged = None
            else:
                if kind != CONTINUATION:
                    opcode, compressed = kind, first & 0x40
                message.append(data)
                if first & 0x80:
                    data = b"".join(message)
                    return opcode, self.inflater.decompress(data + b"\0\0\xff\xff") if compressed else data

    def order(self, line):
        name, _, argument = line[1:].partition(" ")
        if name == "subprotocol":
            self.send(TEXT, self.protocol.encode())
        elif name == "digest":
            self.digest = True
        elif name == "fragments":
            self.size = int(argument)
        elif name == "cut":
            self.how = argument
        elif name == "ping":
            self.ponged = argument.encode()
            self.frame(PING, self.ponged)
        elif name == "close":
            code, _, reason = argument.partition(" ")
            self.frame(CLOSE, int(code).to_bytes(2, "big") + reason.encode() if code else b"")
            self.closing = True

    def obey(self):
        """Obeys until the close frame, and returns what that says."""
        while True:
            opcode, data = self.receive()
            if opcode == CLOSE:
                if not self.closing:
                    self.frame(CLOSE, data[:2])
                code = int.from_bytes(data[:2], "big") if data else 1005
                return f"closed {code} {data[2:].decode()}"
            if opcode == TEXT and data.startswith(b"!"):
                self.order(data.decode())
                continue
            if self.digest:
                self.send(TEXT, hashlib.sha256(data).hexdigest().encode())
            self.digest = False
            self.send(opcode, data)


def talk(link, path):
    """Talks over a stream, and returns how that has ended."""
    try:
        how = WebSocket(link, link.open(path)).obey()
    except (Lost, OSError, h2.exceptions.ProtocolError) as err:
        return f"lost 1006 {err}"
    try:
        while True:  # the server closes first
            link.take()
    except (Lost, OSError):
        return how


link = None
for line in sys.stdin:
    url = urlsplit(line.strip())
    if link is None or link.socket.fileno() < 0:
        link = Link(url)
    print(talk(link, url.path), flush=True)
