// Has ws obey over streams of Node's http2 (RFC 8441), for which it has no interface: what is done of the handshake here is
// what its server and client do.
import http2 from 'node:http2';
import { readFileSync } from 'node:fs';
import { PerMessageDeflate, WebSocket, extension } from 'ws';
import { lines, report, subprotocols } from './node.mjs';
import { options, talk } from './ws_talk.mjs';

const limits = { allowSynchronousEvents: true, maxPayload: 0 };

// Returns a socket over a stream, for which protocol and extensions are agreed on.
function open(stream, isServer, protocol, extensions) {
  const socket = new WebSocket(null, undefined, { ...options, autoPong: true, closeTimeout: 30_000 });
  socket._isServer = isServer;
  socket._protocol = protocol ?? '';
  socket._extensions = extensions;
  socket.setSocket(stream, Buffer.alloc(0), limits);
  talk(socket, how => cut(stream, how));
  return socket;
}

const sockets = new Map(); // of TLS, by their ports: Node lets nobody destroy what a session has

function keep(socket) {
  sockets.set(socket.localPort + ' ' + socket.remotePort, socket);
}

// Ends a stream in the middle of what goes over it.
function cut(stream, how) {
  switch (how) {
    case 'end': return stream.end();
    case 'reset': return stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
    case 'goaway': return stream.session.goaway(http2.constants.NGHTTP2_INTERNAL_ERROR, 0), stream.session.destroy();
    case 'lost': return sockets.get(stream.session.socket.localPort + ' ' + stream.session.socket.remotePort).destroy();
  }
}

function deflate(isServer) {
  return options.perMessageDeflate && new PerMessageDeflate({ ...options.perMessageDeflate, isServer, maxPayload: 0 });
}

// Returns what a header says of compression, if anything.
function deflateIn(headers) {
  const field = headers['sec-websocket-extensions'];
  return field && extension.parse(field)[PerMessageDeflate.extensionName];
}

function take(stream, headers) {
  if (headers[':protocol'] !== 'websocket') return stream.respond({ ':status': 501 }, { endStream: true });
  const offered = (headers['sec-websocket-protocol'] ?? '').split(/ *, */);
  const protocol = subprotocols.findLast(name => offered.includes(name));
  const answer = { ':status': 200, 'sec-websocket-protocol': protocol };
  const extensions = {};
  const offers = deflateIn(headers);
  if (options.perMessageDeflate && offers) {
    const agreed = deflate(true);
    agreed.accept(offers);
    extensions[PerMessageDeflate.extensionName] = agreed;
    answer['sec-websocket-extensions'] = extension.format({ [PerMessageDeflate.extensionName]: [agreed.params] });
  }
  stream.respond(answer);
  open(stream, true, protocol, extensions);
}

function serve() {
  const pair = readFileSync(process.env.INTEROP_CERTIFICATE);
  const server = http2.createSecureServer({ key: pair, cert: pair, settings: { enableConnectProtocol: true } });
  server.on('secureConnection', keep);
  server.on('session', session => session.on('error', err => console.error(err)));
  server.on('stream', take);
  server.listen(0, '127.0.0.1', () => report(`listening ${server.address().port}`));
  lines(() => {});
}

let session; // of all sockets, until it is cut

async function connect(url) {
  const { origin, pathname } = new URL(url.replace(/^ws/, 'http'));
  if (!session || session.closed || session.destroyed) {
    session = http2.connect(origin, { rejectUnauthorized: false });
    session.on('error', err => console.error(err));
    session.on('connect', (_, socket) => keep(socket));
    await new Promise(came => session.once('remoteSettings', came));
    if (!session.remoteSettings.enableConnectProtocol) return report('lost 1006 it is not announced');
  }
  const compression = deflate(false);
  const stream = session.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':path': pathname,
    'sec-websocket-version': '13',
    'sec-websocket-protocol': subprotocols.join(', '),
    ...(compression && { 'sec-websocket-extensions': extension.format({ [PerMessageDeflate.extensionName]: compression.offer() }) }),
  });
  stream.on('error', err => console.error(err));
  stream.once('response', headers => {
    if (headers[':status'] !== 200) return report(`lost 1006 status ${headers[':status']}`);
    const extensions = {};
    const agreed = deflateIn(headers);
    if (agreed) {
      compression.accept(agreed);
      extensions[PerMessageDeflate.extensionName] = compression;
    }
    open(stream, false, headers['sec-websocket-protocol'], extensions);
  });
}

if (process.argv[2] === 'server') serve();
else lines(connect);
