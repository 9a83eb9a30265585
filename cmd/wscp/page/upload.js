// The worker that uploads a file, as the subprotocol wscp.put.v4 has it. It gets {file, url}, and tells {stage, at} while it goes
// on, and at last {sum}, or {failed, again}: why it has failed, and whether to try again may help.

import { SHA256 } from './sha256.js';

const partSize = 256 << 10; // of a message
const ahead = 4 << 20; // what may wait in the browser until it is sent

class Failure extends Error {
  constructor(text, again = false) {
    super(text);
    this.again = again;
  }
}

onmessage = async ({ data: { file, url } }) => {
  let line;
  try {
    line = new Line(url);
    postMessage({ sum: await upload(file, line) });
  } catch (err) {
    line?.socket.close();
    postMessage({ failed: err.message, again: err.again ?? false });
  }
};

// upload sends what the server has not got of the file, and returns the sum of all of it.
async function upload(file, line) {
  await line.opened;
  line.send({ continue: true });
  const sum = await resume(file, line);
  postMessage({ stage: 'storing', at: file.size });
  line.send({ length: file.size, sha256: sum });
  const { sha256 } = await line.receive();
  if (sha256 !== sum) throw new Failure('What the server has stored is not what was sent: their sums differ.');
  const { code } = await line.closed;
  if (code !== 1000) throw new Failure(`The server has ended the upload with code ${code}.`);
  return sum;
}

// resume goes on behind the bytes that the server has, if they are those of the file, and returns the sum of the file.
async function resume(file, line) {
  const has = await line.receive();
  line.begun = true;
  postMessage({ stage: 'begun', at: has.offset });
  let sum = new SHA256(), from = 0;
  if (has.offset > 0 && has.offset <= file.size) {
    for await (const part of parts(file, 0, has.offset)) {
      sum.update(part);
      tell('comparing', from += part.length);
      await line.check();
    }
    if (sum.hex() !== has.sha256) [sum, from] = [new SHA256(), 0];
  }
  if (from < has.offset) postMessage({ stage: 'anew', at: 0 });
  line.send({ length: file.size, mtime: new Date(file.lastModified).toISOString(), offset: from });
  for await (const part of parts(file, from, file.size)) {
    sum.update(part);
    line.socket.send(part);
    from += part.length;
    do tell('sending', from - line.waiting); while (!await line.hasRoom());
  }
  return sum.hex();
}

// parts returns what is of the file between two offsets, in parts of which there is at least one. It reads one ahead.
async function* parts(file, from, to) {
  const read = async at => {
    const end = Math.min(at + partSize, to);
    const bytes = await file.slice(at, end).arrayBuffer().catch(() => ({ byteLength: -1 }));
    return bytes.byteLength === end - at ? new Uint8Array(bytes) : null;
  };
  for (let next = read(from); from < to || next; from += partSize) {
    const part = await next;
    if (part === null) throw new Failure('The file cannot be read any more, or has changed. Choose it again.');
    next = from + partSize < to ? read(from + partSize) : null;
    yield part;
  }
}

let told = 0;

// tell tells how far it has come, some times a second.
function tell(stage, at) {
  const now = performance.now();
  if (now - told < 100) return;
  told = now;
  postMessage({ stage, at });
}

// A Line is a connection to the server. Once it has ended, its methods throw why.
class Line {
  begun = false; // the server has agreed to take the file
  #texts = [];
  #came = () => {};

  constructor(url) {
    this.socket = new WebSocket(url, 'wscp.put.v4');
    this.closed = new Promise(ended => { this.socket.onclose = ended; });
    this.socket.onmessage = ({ data }) => {
      this.#texts.push(data);
      this.#came();
    };
    const open = new Promise(opened => { this.socket.onopen = () => opened(true); });
    this.opened = Promise.race([open, this.closed.then(() => false)]).then(async opened => {
      if (!opened) throw await whyNot();
    });
  }

  get waiting() { return this.socket.bufferedAmount; }

  send(text) { this.socket.send(JSON.stringify(text)); }

  // hasRoom returns whether more can be sent. If not, it returns a little later: a browser has no event for that.
  async hasRoom() {
    await this.check();
    if (this.waiting <= ahead) return true;
    await new Promise(over => { setTimeout(over, 5); });
    return false;
  }

  async check() {
    if (this.socket.readyState !== WebSocket.OPEN) throw this.#ended(await this.closed);
  }

  async receive() {
    if (this.#texts.length === 0) await Promise.race([new Promise(came => { this.#came = came; }), this.closed]);
    if (this.#texts.length === 0) throw this.#ended(await this.closed);
    return JSON.parse(this.#texts.shift());
  }

  // #ended returns what the end of the connection means. Before it has begun, the upload that was interrupted may still end.
  #ended({ code, reason }) {
    switch (code) {
      case 1001: return new Failure('The server was interrupted.', true);
      case 1006: return new Failure('The connection was lost.', true);
      case 1008: return new Failure(`The server refuses the file: ${reason || 'it gives no reason'}.`);
    }
    return new Failure(`The server could not store the file: ${reason || `code ${code}`}.`, !this.begun);
  }
}

// whyNot asks the server why it does not take the connection, which browsers do not tell.
async function whyNot() {
  const { status } = await fetch(new URL('..', import.meta.url), { method: 'HEAD', cache: 'no-store' }).catch(() => ({ status: 0 }));
  switch (status) {
    case 0: return new Failure('The server cannot be reached.', true);
    case 401: return new Failure('The server asks for its token again. Load this page anew, then choose the file again.');
    case 503: return new Failure('The server has too many connections.', true);
  }
  return new Failure('The server can be reached, but not by WebSocket. A proxy in between may not let it pass.', true);
}
