// node examples/runner/client.mjs ADDRESS SERVER run NAME [EVENTS]
// Runs one of the caller's scripts by the service and prints its events; with EVENTS cancels the job after so many of them.
// SERVER is the uid or SID of the account that must run the service.
import http from 'node:http';
import process from 'node:process';
import { connectPeer } from 'impersonate';

const [address, server, command, name, most = 'Infinity'] = process.argv.slice(2);

/** Not `socketPath`: on Windows it requests more than `allow` grants, and it connects to any server. */
async function request(method, path) {
  const socket = await connectPeer(address, { server });
  return new Promise((resolve, reject) => {
    http
      .request({ createConnection: () => socket, method, path }, resolve)
      .on('error', reject)
      .end();
  });
}

/** Yields the events of a response: [name, data]. */
async function* eventsOf(response) {
  let rest = '';
  for await (const part of response.setEncoding('utf8')) {
    const events = (rest + part).split('\n\n');
    rest = events.pop();
    for (const text of events) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(text);
      yield [event, JSON.parse(data)];
    }
  }
}

if (command === 'cancel') {
  const { statusCode } = await request('DELETE', `/jobs/${name}`);
  console.log(statusCode);
} else {
  const response = await request('POST', `/jobs/${name}`);
  if (response.statusCode !== 200) console.log(response.statusCode);
  let id;
  let count = 0;
  for await (const [event, data] of response.statusCode === 200 ? eventsOf(response) : []) {
    if (event === 'started') id = data.id;
    else console.log(event, JSON.stringify(data));
    count += 1;
    if (count === Number(most)) await request('DELETE', `/jobs/${id}`);
  }
}
