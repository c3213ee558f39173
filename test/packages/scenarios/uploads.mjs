// Forms with files, which are stored by the server.
import fs from 'node:fs';
import path from 'node:path';
import { acting, form, listen, send } from '../http.mjs';

/** The folder that the request names: that of a user, or the service's. */
const wanted = (request, { users, service }) =>
  [...users, service].find(({ key }) => key === request.headers.into).folder;

/** Uploads a file to the folder of the target as the user. */
async function upload(target, { made, user, n }) {
  const { body, headers } = form(`upload-${user.key}-${n}`, user.text);
  await send({ ...made, user, method: 'POST', body, headers: { ...headers, into: target.key } });
}

/** Serves `middleware` of Express, and `handle(request)` after it, by Express. */
async function serveExpress(context, middleware, handle) {
  const express = await context.load('express-5');
  const app = express();
  app.use(acting(context).express);
  if (middleware) app.use(middleware);
  app.post('/', async (request, response) => {
    await handle?.(request);
    response.end();
  });
  app.use((error, _request, response, _next) => response.status(500).end(error.code));
  return { port: await listen(app) };
}

const storedBy = (request, stream, name, context) =>
  new Promise((resolve, reject) => {
    const to = fs.createWriteStream(path.join(wanted(request, context), name));
    to.once('error', (error) => {
      stream.resume();
      reject(error);
    });
    stream.pipe(to).once('finish', resolve);
  });

export const scenarios = {
  multer: {
    versions: ['1', '2'],
    did: 'stores files by `diskStorage`',
    async setup(context) {
      const multer = await context.load();
      const storage = multer.diskStorage({
        destination: (request, _file, done) => done(null, wanted(request, context)),
      });
      return serveExpress(context, multer({ storage }).single('file'));
    },
    send: upload,
  },
  formidable: {
    versions: ['2', '3'],
    did: 'stores files in `uploadDir`',
    async setup(context) {
      const { formidable } = await context.load();
      return serveExpress(
        context,
        undefined,
        (request) =>
          new Promise((resolve, reject) =>
            formidable({ uploadDir: wanted(request, context) }).parse(request, (error) =>
              error ? reject(error) : resolve(),
            ),
          ),
      );
    },
    send: upload,
  },
  'express-fileupload': {
    versions: ['0', '1'],
    did: 'stores files by `mv`; 1 also with `useTempFiles`',
    async setup(context) {
      const uploads = await context.load();
      const middleware = uploads({});
      return serveExpress(context, middleware, (request) =>
        request.files.file.mv(path.join(wanted(request, context), request.files.file.name)),
      );
    },
    send: upload,
  },
  busboy: {
    versions: ['0', '1'],
    did: 'pipes files to `fs.createWriteStream`',
    async setup(context) {
      const Busboy = await context.load();
      return serveExpress(
        context,
        undefined,
        (request) =>
          new Promise((resolve, reject) => {
            const { headers } = request;
            const parser = context.version === '0' ? new Busboy({ headers }) : Busboy({ headers });
            parser.on('file', (_field, stream, info) =>
              storedBy(request, stream, info.filename ?? info, context).then(resolve, reject),
            );
            request.pipe(parser);
          }),
      );
    },
    send: upload,
  },
  '@fastify/multipart': {
    versions: ['9', '10'],
    did: 'pipes files to `fs.createWriteStream`',
    async setup(context) {
      const fastify = await context.load('fastify-5');
      const app = fastify();
      app.addHook('onRequest', acting(context).fastify);
      const plugin = await context.load();
      app.register(plugin.default ?? plugin);
      app.post('/', async (request) => {
        const { file, filename } = await request.file();
        await storedBy(request, file, filename, context);
        return '';
      });
      await app.listen({ port: 0, host: '127.0.0.1' });
      return { port: app.server.address().port };
    },
    send: upload,
  },
};
