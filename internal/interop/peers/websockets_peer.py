"""Has Python's websockets obey (see doc.go)."""

import asyncio
import hashlib
import json
import os
import sys

import websockets
from websockets.extensions import permessage_deflate

SUBPROTOCOLS = os.environ["INTEROP_SUBPROTOCOLS"].split(",")
OPTIONS = {
    "compression": None,
    "max_size": None,
    "ping_interval": None,
}
SETTING = json.loads(os.environ["INTEROP_COMPRESSION"] or "null")


def extensions(factory):
    """Returns the extensions of an end, whose factory of compression is given."""
    if SETTING is None:
        return None
    return [
        factory(
            server_no_context_takeover=not SETTING["takeover"],
            client_no_context_takeover=not SETTING["takeover"],
            server_max_window_bits=SETTING["serverWindowBits"],
            client_max_window_bits=SETTING["clientWindowBits"],
        )
    ]


def report(line):
    print(line, flush=True)


def pieces(data, size):
    """Cuts data, but no character of a text."""
    return [data[i : i + size] for i in range(0, len(data), size)]


async def order(socket, line):
    """Obeys an order; returns what to do with the next message before it is sent back, and what to make of it."""
    name, _, argument = line[1:].partition(" ")
    if name == "subprotocol":
        await socket.send(socket.subprotocol)
    elif name == "digest":
        return lambda data: hashlib.sha256(data).hexdigest(), None
    elif name == "fragments":
        return None, lambda data: pieces(data, int(argument))
    elif name == "ping":
        await (await socket.ping(argument))
        await socket.send("pong " + argument)
    elif name == "close":
        code, _, reason = argument.partition(" ")
        await socket.close(int(code), reason)
    return None, None


async def obey(socket):
    before = cut = None
    try:
        async for data in socket:
            if isinstance(data, str) and data.startswith("!"):
                before, cut = await order(socket, data)
                continue
            if before:
                await socket.send(before(data))
            await socket.send(cut(data) if cut else data)
            before = cut = None
    except websockets.ConnectionClosed:
        pass
    clean = socket.close_code != 1006
    report(f"{'closed' if clean else 'lost'} {socket.close_code} {socket.close_reason}")


async def lines():
    """Yields the lines of the standard input."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for line in reader:
        yield line.decode().strip()


async def serve():
    async with websockets.serve(obey, "127.0.0.1", 0, subprotocols=SUBPROTOCOLS[1:], extensions=extensions(permessage_deflate.ServerPerMessageDeflateFactory), **OPTIONS) as server:
        report(f"listening {server.sockets[0].getsockname()[1]}")
        async for _ in lines():
            pass


async def connect():
    async for url in lines():
        async with websockets.connect(url, subprotocols=SUBPROTOCOLS, extensions=extensions(permessage_deflate.ClientPerMessageDeflateFactory), **OPTIONS) as socket:
            await obey(socket)


asyncio.run(serve() if sys.argv[1] == "server" else connect())
