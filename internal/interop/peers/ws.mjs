import { WebSocket, WebSocketServer } from 'ws';
import { lines, report, subprotocols } from './node.mjs';
import { options, talk } from './ws_talk.mjs';

if (process.argv[2] === 'server') {
  const handleProtocols = offered => subprotocols.findLast(name => offered.has(name)) ?? false;
  const server = new WebSocketServer({ ...options, host: '127.0.0.1', port: 0, handleProtocols });
  server.on('listening', () => report(`listening ${server.address().port}`));
  server.on('connection', socket => talk(socket));
  lines(() => {});
} else {
  lines(url => talk(new WebSocket(url, subprotocols, options)));
}
