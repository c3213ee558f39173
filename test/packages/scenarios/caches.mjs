// Template engines and what else keeps files by their paths.
import fs from 'node:fs';
import path from 'node:path';
import { acting, listen, send } from '../http.mjs';

const sharesCache = { shares: true };

/** Writes a template into the folder of each target; `write(text)` returns its text. */
function makeTemplates({ users, service }, extension, write) {
  for (const { folder, key, text, uid } of [...users, service]) {
    const file = path.join(folder, `view-of-${key}.${extension}`);
    fs.writeFileSync(file, write(text), { mode: 0o600 });
    fs.chownSync(file, uid, uid);
  }
}

const viewOf = ({ key }) => `/${key}/view-of-${key}`;
const getView = (target, { made, user }) => send({ ...made, user, path: viewOf(target) });

/** Renders templates of one engine by Express 4 or 5 whose view cache is on. `engineOf` gets the package. */
const inExpress = (versions, extension, write, engineOf) => ({
  versions,
  did: 'renders by `response.render` of Express 4 and 5, with the view cache on',
  async setup(context) {
    makeTemplates(context, extension, write);
    const express = await context.load(context.version === versions[0] ? 'express-4' : 'express-5');
    const app = express();
    app.enable('view cache');
    app.set('views', path.dirname(context.folder));
    app.engine(extension, engineOf(await context.load()));
    app.set('view engine', extension);
    app.use(acting(context).express);
    app.use((request, response) => response.render(request.path.slice(1), { layout: false }));
    app.use((_error, _request, response, _next) => response.status(500).end());
    return { port: await listen(app) };
  },
  send: getView,
});

export const scenarios = {
  pug: inExpress(
    ['2', '3'],
    'pug',
    (text) => `| ${text}`,
    ({ __express }) => __express,
  ),
  ejs: inExpress(
    ['3', '5'],
    'ejs',
    (text) => text,
    ({ renderFile, default: main }) => renderFile ?? main.renderFile,
  ),
  hbs: inExpress(
    ['3', '4'],
    'hbs',
    (text) => text,
    ({ __express, default: main }) => __express ?? main.__express,
  ),
  'express-handlebars': inExpress(
    ['7', '8'],
    'handlebars',
    (text) => text,
    ({ engine }) => engine(),
  ),
  '@fastify/view': {
    versions: ['10', '11'],
    did: 'renders by `reply.view` with ejs, in production',
    advice: 'have it render the templates of the service only',
    ...sharesCache,
    async setup(context) {
      makeTemplates(context, 'ejs', (text) => text);
      const fastify = await context.load('fastify-5');
      const app = fastify();
      app.addHook('onRequest', acting(context).fastify);
      const plugin = await context.load();
      const engine = { ejs: await context.load('ejs-3') };
      app.register(plugin.default ?? plugin, {
        engine,
        root: path.dirname(context.folder),
        production: true,
      });
      app.get('/*', (request, reply) => reply.view(`${request.params['*']}.ejs`));
      await app.listen({ port: 0, host: '127.0.0.1' });
      return { port: app.server.address().port };
    },
    send: getView,
  },
  'koa-static-cache': {
    versions: ['4', '5'],
    did: 'serves files with `dynamic: true`',
    advice: 'mount it before actAs, for files of the service that everyone may get; koa-send is right',
    ...sharesCache,
    async setup(context) {
      const Koa = await context.load('koa-2');
      const serveFiles = await context.load();
      const app = new Koa();
      app.silent = true;
      app.use(acting(context).koa);
      app.use(serveFiles(path.dirname(context.folder), { dynamic: true, preload: false, buffer: true }));
      return { port: await listen(app.callback()) };
    },
    send: ({ key, file }, { made, user }) => send({ ...made, user, path: `/${key}/${path.basename(file)}` }),
  },
};
