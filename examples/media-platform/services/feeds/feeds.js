'use strict';
// Writes the newest assets as an RSS file, and serves it.
const fs = require('fs');
const http = require('http');
const path = require('path');

const api = process.env.API_URL || 'http://api:8000';
const folder = process.env.FEED_DIR || '/srv/feeds';
const file = path.join(folder, 'latest.xml');
const seconds = Number(process.env.REFRESH_SECONDS || 300);

const escapes = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' };
const escape = (text) => text.replace(/[<>&"]/g, (c) => escapes[c]);

function render(assets) {
  const items = assets.map((a) => `<item><title>${escape(a.title)}</title><guid>asset-${a.id}</guid></item>`);
  return `<?xml version="1.0"?>\n<rss version="2.0"><channel><title>Lanternroom</title>${items.join('\n')}</channel></rss>\n`;
}

async function refresh() {
  try {
    const answer = await fetch(`${api}/assets?limit=50`);
    const { assets } = await answer.json();
    fs.writeFileSync(file + '.new', render(assets));
    fs.renameSync(file + '.new', file);
  } catch (error) {
    console.error('refresh:', error.message);
  }
}

http
  .createServer((request, response) => {
    if (request.url !== '/latest.xml' || !fs.existsSync(file)) {
      response.statusCode = 404;
      return response.end();
    }
    response.setHeader('content-type', 'application/rss+xml');
    fs.createReadStream(file).pipe(response);
  })
  .listen(8400);

refresh();
setInterval(refresh, seconds * 1000);
process.on('SIGTERM', () => process.exit(0));
