import { registered } from '../support/children/sources';
import { product } from '../support/paths';
import { describeSwitching } from '../support/world/acting';

/** For a child after usersSource(): calls of built-ins other than node:fs, which none of them may make without a token. */
const sealing = `
  process.noDeprecation = true;
  process.removeAllListeners('warning');
  const { once } = require('node:events');
  const { seal, withoutToken, ImpersonatedWorker } = require(${JSON.stringify(product)});
  const { Worker } = require('node:worker_threads');
  const [child, cluster, http, net, os, v8] = ['child_process', 'cluster', 'http', 'net', 'os', 'v8'].map((name) => require('node:' + name));
  const load = (name) => { try { return require(name); } catch { return undefined; } };
  const [sqlite, { WASI }] = [load('node:sqlite'), require('node:wasi')];
  const wasi = (preopens) => new WASI({ version: 'preview1', preopens });
  const isWindows = process.platform === 'win32';
  const logs = path.join(folder, 'logs');
  fs.mkdirSync(logs);
  const socket = (name) => isWindows ? '\\\\\\\\.\\\\pipe\\\\sealed-' + process.pid + '-' + name : path.join(folder, name);
  const listened = async (server, ...args) => { server.listen(...args); await once(server, 'listening'); return server; };
  const connected = async (...args) => { const one = net.connect(...args); await once(one, 'connect'); one.destroy(); return 'connected'; };
  const fetched = (options) => new Promise((resolve, reject) => {
    http.get(options, (response) => { response.resume().on('end', () => { resolve(response.statusCode); }); }).on('error', reject);
  });
  const ran = async (program) => (await once(program, 'close'))[0];
  const node = process.execPath;
  const program = path.join(folder, 'program.cjs');
  fs.writeFileSync(program, '');
  cluster.setupPrimary({ exec: program });
  // node:sqlite does not keep a database that it makes a backup of.
  const databases = [];
  const calls = {
    chdir: () => process.chdir(folder),
    loadEnvFile: () => process.loadEnvFile(secret),
    umask: () => process.umask(0o22),
    ...(process.setuid && { setuid: () => { process.setuid(process.getuid()); } }),
    kill: () => process.kill(process.ppid, 0),
    group: () => process.kill(0, 0),
    binding: () => { process.binding('fs'); },
    writeReport: () => { process.report.writeReport(path.join(folder, 'report')); },
    writeHeapSnapshot: () => { v8.writeHeapSnapshot(path.join(folder, 'snapshot')); },
    setPriority: () => os.setPriority(0),
    spawn: () => ran(child.spawn(node, ['-v'])),
    exec: () => ran(child.exec('true')),
    fork: () => ran(child.fork(program)),
    spawnSync: () => child.spawnSync(node, ['-v']).status,
    execFileSync: () => { child.execFileSync(node, ['-v']); },
    'cluster.fork': () => { const worker = cluster.fork(); worker.process.kill(); },
    Worker: () => once(new Worker('', { eval: true }), 'exit').then(([code]) => code),
    connect: () => connected(socket('missing')),
    listen: () => listened(net.createServer(), socket('new')).then((server) => { server.close(); }),
    http: () => fetched({ socketPath: socket('missing') }),
    'http.Agent': () => fetched({ agent: new http.Agent({ socketPath: socket('missing') }) }),
    'a method of http.Agent': () => new http.Agent().createConnection({ path: socket('missing') }).on('error', () => {}),
    https: () => require('node:https').get({ socketPath: socket('missing') }).on('error', () => {}),
    http2: () => require('node:http2').connect('http://localhost', { path: socket('missing') }).on('error', () => {}),
    tls: () => require('node:tls').connect({ path: socket('missing') }).on('error', () => {}),
    WASI: () => { wasi({ '/': folder }); },
    ...(sqlite && {
      DatabaseSync: () => { new sqlite.DatabaseSync(path.join(folder, 'database')).close(); },
      url: () => { new sqlite.DatabaseSync('file:' + path.join(folder, 'database')).close(); },
      loadExtension: () => {
        const database = new sqlite.DatabaseSync(':memory:', { allowExtension: true });
        // It is not there, which SQLite says only if it may look.
        try { database.loadExtension(path.join(folder, 'extension')); } catch (error) { if (error.code === 'ERR_NO_TOKEN') throw error; }
      },
      attach: () => { new sqlite.DatabaseSync(':memory:').exec("ATTACH '" + path.join(folder, 'other') + "' AS other"); },
      ...(sqlite.backup && { backup: () => { databases.push(new sqlite.DatabaseSync(':memory:')); sqlite.backup(databases.at(-1), path.join(folder, 'backup')); } }),
    }),
  };
  const results = async () => {
    const all = {};
    for (const [name, call] of Object.entries(calls)) all[name] = String(await outcome(call));
    return all;
  };
  const others = (all, code) => Object.keys(all).filter((name) => all[name] !== code).join() || 'none';`;

const sealed = (name: string, source: string): Promise<string[]> => registered(name, `${sealing}\n${source}`);

describeSwitching('the built-ins of a sealed thread', () => {
  test('need a token in every module, and act as the process in withoutToken()', async () => {
    const lines = await sealed(
      'sealed-modules',
      `seal();
      const folders = withoutToken(() => fs.readdirSync(folder).join());
      print(others(await results(), 'ERR_NO_TOKEN'));
      print(String(withoutToken(() => fs.readdirSync(folder).join()) === folders));
      delete calls.writeReport; // prints
      const all = await withoutToken(() => results());
      print(Object.keys(all).filter((name) => /ERR_(?!MODULE)/.test(all[name])).join() || 'none');
      process.exit();`,
    );
    expect(lines).toEqual(['none', 'true', 'none']);
  });

  test('fail with a message that names the function and what helps', async () => {
    const lines = await sealed(
      'sealed-messages',
      `seal();
      const message = (call) => { try { call(); } catch (error) { return error.message; } };
      print(message(calls.loadEnvFile).replace(secret, 'PATH'));
      print(message(() => child.spawn(node)));
      print(message(() => cluster.fork()));`,
    );
    expect(lines).toEqual([
      'process.loadEnvFile() is called without a token on a sealed thread, for PATH: call it in a flow of token.run() or in an impersonation scope, or as the process in withoutToken()',
      'child_process.spawn() is called without a token on a sealed thread: call it in a flow of token.run() or in an impersonation scope, or as the process in withoutToken()',
      'cluster.fork() is called without a token on a sealed thread: call it as the process in withoutToken()',
    ]);
  });

  test('go on where they need no identity, and with what was started before', async () => {
    const lines = await sealed(
      'sealed-goes-on',
      `const started = child.spawn(node, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
      const worker = new Worker("const { parentPort } = require('node:worker_threads'); parentPort.on('message', (text) => parentPort.postMessage(text));", { eval: true });
      const database = sqlite && new sqlite.DatabaseSync(path.join(folder, 'database'));
      const server = await listened(http.createServer((request, response) => response.end()), socket('server'));
      const client = net.connect(socket('server'));
      await once(client, 'connect');
      seal();
      print(String((await listened(net.createServer(), 0, '127.0.0.1').then(async (tcp) => { const result = await connected(tcp.address().port, '127.0.0.1'); tcp.close(); return result; }))));
      const udp = require('node:dgram').createSocket('udp4').bind(0, '127.0.0.1');
      await once(udp, 'listening');
      udp.close();
      const web = await listened(http.createServer((request, response) => response.end()), 0, '127.0.0.1');
      print(String(await fetched({ port: web.address().port, host: '127.0.0.1' })) + (await fetch('http://127.0.0.1:' + web.address().port)).status);
      web.close();
      web.closeAllConnections();
      client.end('GET / HTTP/1.0\\r\\n\\r\\n');
      client.setEncoding('utf8');
      print((await once(client, 'data'))[0].slice(0, 15));
      server.close();
      server.closeAllConnections();
      print(String(process.kill(process.pid, 0)) + typeof process.umask());
      worker.postMessage('to the worker');
      print((await once(worker, 'message'))[0]);
      await worker.terminate();
      started.kill();
      await once(started, 'exit');
      if (sqlite) {
        database.exec('CREATE TABLE t (n); INSERT INTO t VALUES (1)');
        database.close();
        new sqlite.DatabaseSync(':memory:').exec('SELECT 1');
      }
      wasi();
      print(await new ImpersonatedWorker("setTimeout(() => process.exit(), 1)", { eval: true, token: tokens.alice }).once('exit', () => print('ended')) && 'started');`,
    );
    expect(lines).toEqual([
      'connected',
      '200200',
      'HTTP/1.1 200 OK',
      'truenumber',
      'to the worker',
      'started',
      'ended',
    ]);
  });

  test('use the allowed paths, and nothing beyond', async () => {
    const lines = await sealed(
      'sealed-allowed',
      `const name = socket('server');
      fs.writeFileSync(path.join(logs, 'env'), 'SEALED=yes');
      seal({ allow: [logs, name] });
      process.loadEnvFile(path.join(logs, 'env'));
      print(process.env.SEALED);
      process.chdir(logs);
      const server = await listened(http.createServer((request, response) => response.end()), name);
      print(await connected(name) + String(await fetched({ socketPath: name })));
      if (isWindows) print(await connected(name.toUpperCase()));
      else print(await connected('../server'));
      server.close();
      server.closeAllConnections();
      wasi({ '/': logs });
      const failing = [
        () => process.loadEnvFile(path.join(logs, '..', 'secret')), () => process.loadEnvFile('../secret'),
        () => process.chdir('..'), () => process.chdir(folder + '\\0'),
        () => connected(name + 'x'), () => connected(name + path.sep + '..' + path.sep + 'x'), () => fetched({ socketPath: name + 'x' }),
        () => wasi({ '/': logs, '/x': folder }), () => wasi({ '/': { toString: () => folder } }),
        () => child.spawn(path.join(logs, 'program')), () => fs.readdirSync(logs, { recursive: true }),
        () => fs.cpSync(logs, path.join(logs, 'copy'), { recursive: true, dereference: true }),
      ];
      if (!isWindows) failing.push(() => connected('\\0abstract'));
      if (sqlite) {
        const { DatabaseSync } = sqlite;
        const inside = path.join(logs, 'database');
        const database = new DatabaseSync(inside);
        database.exec('CREATE TABLE t (n)');
        database.close();
        const outside = path.join(folder, 'other');
        failing.push(
          () => new DatabaseSync(outside), () => new DatabaseSync(Buffer.from(outside)), () => new DatabaseSync('file:' + outside),
          () => new DatabaseSync('file:../other'), () => new DatabaseSync({ href: 'file://' + outside }),
          () => new DatabaseSync(require('node:url').pathToFileURL(inside)),
          () => new DatabaseSync(inside, { open: false }).open(), () => new DatabaseSync(inside).exec("attach '" + outside + "' as x"),
          () => new DatabaseSync(inside).exec("VACUUM INTO '" + outside + "'"),
        );
      }
      const codes = [];
      for (const call of failing) codes.push(await outcome(call));
      print(codes.map((code, index) => code === 'ERR_NO_TOKEN' ? '' : index + ' ' + code).join('') || 'all');
      process.chdir(logs);
      process.exit();`,
    );
    expect(lines).toEqual(['yes', 'connected200', 'connected', 'all']);
  });

  test('take queued requests of an agent for what they were when they were made', async () => {
    const lines = await sealed(
      'sealed-agent',
      `const socketPath = socket('server');
      const server = await listened(http.createServer((request, response) => setTimeout(() => response.setHeader('connection', 'close').end(), 20)), socketPath);
      const agent = new http.Agent({ maxSockets: 1 });
      const first = fetched({ socketPath, agent });
      seal();
      const made = withoutToken(() => [1, 2].map(() => fetched({ socketPath, agent })));
      print(await outcome(() => fetched({ socketPath, agent })));
      print((await Promise.all([first, ...made])).join());
      server.close();`,
    );
    expect(lines).toEqual(['ERR_NO_TOKEN', '200,200,200']);
  });

  test('are reported once for each place, and go on', async () => {
    const lines = await sealed(
      'sealed-report',
      `const messages = [];
      seal({ mode: 'report', allow: [logs] });
      require('node:diagnostics_channel').subscribe('impersonate:unsealed', (message) => { messages.push(message); });
      // Slow; prints; at the same place as http.
      for (const name of ['writeHeapSnapshot', 'writeReport', 'http.Agent']) delete calls[name];
      const first = await results();
      print(Object.keys(first).filter((name) => first[name] === 'ERR_NO_TOKEN').join() || 'none');
      const places = new Set(messages.map(({ stack }) => stack));
      print(String(places.size === messages.length) + String(messages.length >= Object.keys(calls).length));
      const count = messages.length;
      await results();
      print(String(messages.length - count));
      const operations = new Set(messages.map(({ operation }) => operation));
      const expected = ['process.chdir', 'process.kill', 'child_process.spawn', 'cluster.fork', 'worker_threads.Worker', 'net.connect', 'net.listen', 'http.request', 'wasi.WASI', ...(sqlite ? ['sqlite.DatabaseSync'] : [])];
      print(expected.filter((name) => !operations.has(name)).join() || 'all');
      print(String(messages.every(({ stack, user }) => stack.includes(__filename) && user.id === world.serviceId)));
      process.exit();`,
    );
    expect(lines).toEqual(['none', 'truetrue', '0', 'all', 'true']);
  });
});
