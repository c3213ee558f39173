import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';

const types = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
};

/** Returns the file of a request; undefined if there is none in the folder. */
export function fileOf(folder, url) {
  const { pathname } = new URL(url, 'http://localhost');
  const file = path.join(folder, decodeURIComponent(pathname));
  const inside = file === folder || file.startsWith(folder.replace(/[\\/]?$/, path.sep));
  const status = inside ? statSync(file, { throwIfNoEntry: false }) : undefined;
  if (status?.isDirectory())
    return pathname.endsWith('/') ? fileOf(folder, `${pathname}index.html`) : undefined;
  return status?.isFile() ? file : undefined;
}

/** Serves the files of a folder on this machine only. Resolves to the server and its address. */
export async function serve(folder, port = 0) {
  const server = createServer((request, response) => {
    const file = fileOf(folder, request.url);
    if (file === undefined) return response.writeHead(404).end('Not found');
    response.setHeader('Content-Type', types[path.extname(file)] ?? 'application/octet-stream');
    return createReadStream(file).pipe(response);
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return { server, address: `http://127.0.0.1:${server.address().port}/` };
}
