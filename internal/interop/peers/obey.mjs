// Has a WebSocket, as browsers know it, obey (see doc.go). What its kind can do beyond that is in fragments, ping and cut.
export function obey(socket, { report, digest, fragments, ping, cut }) {
  let before = async () => {}; // the answer to the next message, before it is sent back
  let back = data => socket.send(data);

  async function answer(data) {
    if (typeof data === 'string' && data.startsWith('!')) {
      const [order, argument = '', ...rest] = data.slice(1).split(' ');
      return orders[order](argument, rest.join(' '));
    }
    const [first, then] = [before, back];
    before = async () => {};
    back = data => socket.send(data);
    await first(data);
    then(data);
  }

  const orders = {
    subprotocol: () => socket.send(socket.protocol),
    digest: () => { before = async data => socket.send(await digest(data)); },
    fragments: size => { back = data => fragments(data, Number(size)); },
    cut: how => { back = data => cut(data, how); },
    ping: data => ping(data, () => socket.send('pong ' + data)),
    close: (code, reason) => code ? socket.close(Number(code), reason) : socket.close(),
  };

  let last = Promise.resolve(); // one after the other, though digests take their time
  socket.addEventListener('message', event => {
    last = last.then(() => answer(event.data)).catch(err => {
      console.error(err);
      socket.close(4000, 'the peer has failed');
    });
  });
  socket.addEventListener('close', event => {
    report(`${event.wasClean ? 'closed' : 'lost'} ${event.code} ${event.reason}`);
  });
}
