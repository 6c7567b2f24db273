'use strict';
// Pushes what the API publishes on the channel `assets` to every open browser.
const http = require('http');
const { createClient } = require('redis');
const { WebSocketServer } = require('ws');

const port = Number(process.env.PORT || 3000);
let delivered = 0;

const server = http.createServer((request, response) => {
  if (request.url === '/healthz') {
    response.end('ok\n');
  } else if (request.url === '/metrics') {
    response.setHeader('content-type', 'text/plain');
    response.end(`# TYPE lantern_pushed_total counter\nlantern_pushed_total ${delivered}\n`);
  } else {
    response.statusCode = 404;
    response.end();
  }
});

const sockets = new WebSocketServer({ server, path: '/live' });

async function main() {
  const subscriber = createClient({ url: process.env.CACHE_URL || 'redis://valkey:6379' });
  subscriber.on('error', (error) => console.error('cache:', error.message));
  await subscriber.connect();
  await subscriber.subscribe('assets', (message) => {
    for (const client of sockets.clients) {
      if (client.readyState === client.OPEN) {
        client.send(message);
        delivered += 1;
      }
    }
  });
  server.listen(port, () => console.log(`listening on ${port}`));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
