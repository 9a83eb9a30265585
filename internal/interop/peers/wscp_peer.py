"""Speaks wscp's protocol with "wscp serve", as internal/transfer/doc.go has it.

    wscp_peer.py put URL FILE       puts the file
    wscp_peer.py begin URL FILE     begins to, and is interrupted after a half of it
    wscp_peer.py continue URL FILE  puts the rest
    wscp_peer.py wrong URL FILE     tells a wrong sum
    wscp_peer.py get URL FILE       fetches what the file lacks

It prints where it began, and how the connection was closed.
"""

import asyncio
import hashlib
import json
import sys

import websockets

PART = 64 << 10


def sum_of(data):
    return hashlib.sha256(data).hexdigest()


def connect(url, subprotocol):
    return websockets.connect(url, subprotocols=[subprotocol], max_size=None)


async def tell(socket, **members):
    await socket.send(json.dumps(members))


async def hear(socket):
    text = await socket.recv()
    if not isinstance(text, str) or len(text) > 1024:
        raise ValueError(f"not a text of at most 1024 bytes: {text[:100]!r}")
    return json.loads(text)


async def send(socket, data):
    for i in range(0, len(data), PART):
        await socket.send(data[i : i + PART])


async def put(how, url, name):
    with open(name, "rb") as file:
        data = file.read()
    goes_on = how in ("begin", "continue")
    at = 0
    async with connect(url, "wscp.put.v4") as socket:
        await tell(socket, **{"continue": goes_on})
        if goes_on:
            have = await hear(socket)
            if have["offset"] <= len(data) and have["sha256"] == sum_of(data[: have["offset"]]):
                at = have["offset"]
        await tell(socket, length=len(data), mode=0o755, mtime="2001-02-03T04:05:06Z", offset=at)
        if how == "begin":
            await send(socket, data[at : len(data) // 2])
            await socket.close(1001)
            return at, socket
        await send(socket, data[at:])
        await tell(socket, length=len(data), sha256=sum_of(data if how != "wrong" else data + b"!"))
        try:
            receipt = await hear(socket)
            if receipt["sha256"] != sum_of(data):
                raise ValueError(f"the receipt is {receipt}")
        except websockets.ConnectionClosed:
            pass
        await socket.wait_closed()
        return at, socket


async def get(url, name):
    with open(name, "rb") as file:
        data = file.read()
    async with connect(url, "wscp.get.v4") as socket:
        await tell(socket, **{"continue": True})
        await tell(socket, offset=len(data), sha256=sum_of(data))
        head = await hear(socket)
        at = head.get("offset", 0)
        data = data[:at]
        while isinstance(part := await socket.recv(), bytes):
            data += part
        total = json.loads(part)
        if head["length"] != len(data) or total != {"length": len(data), "sha256": sum_of(data)}:
            raise ValueError(f"{len(data)} bytes came, with the sum {sum_of(data)}, of {head} and {total}")
        with open(name, "wb") as file:
            file.write(data)
        await tell(socket, sha256=sum_of(data))
        await socket.close(1000)
        return at, socket


async def main(how, url, name):
    at, socket = await (get(url, name) if how == "get" else put(how, url, name))
    print(f"from {at}: closed {socket.close_code} {socket.close_reason}")


asyncio.run(main(*sys.argv[1:]))
