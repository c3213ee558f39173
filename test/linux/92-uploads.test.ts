import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import nodeFs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import readline from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { tempFolder } from '../support/folders';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/world';

/** The duration of the load; without it each connection makes a few requests. */
const seconds = Number(process.env.IMPERSONATE_LOAD_SECONDS ?? 0);
const connections = 100;
const packages = ['multer', 'formidable', 'express-fileupload', 'busboy'];
const program = path.join(__dirname, '..', 'contract', 'programs', 'upload-server.js');

type Key = 'alice' | 'bob';
interface Answer {
  readonly status: number | undefined;
  readonly body: string;
}

let server: ChildProcess;
let port: number;
let folder: string;
const agent = new http.Agent({ keepAlive: true, maxSockets: connections });

function request(user: Key, method: string, target: string, headers: http.OutgoingHttpHeaders = {}) {
  const sent = http.request({
    ...{ port, host: '127.0.0.1', agent, method, path: target },
    headers: { 'x-user': user, ...headers },
  });
  const answer = new Promise<Answer>((resolve, reject) => {
    sent.once('error', reject).once('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => (body += part));
      response.once('error', reject).once('end', () => {
        resolve({ status: response.statusCode, body });
      });
    });
  });
  return { sent, answer };
}

/** Uploads a file in parts, late; or gives up in the middle. */
async function upload(
  user: Key,
  to: string,
  content: string,
  isAborted = false,
): Promise<Answer | undefined> {
  const type = 'multipart/form-data; boundary=xyz';
  const { sent, answer } = request(user, 'POST', `/${to}`, { 'content-type': type });
  answer.catch(() => {});
  sent.flushHeaders();
  await sleep(2);
  sent.write('--xyz\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n');
  sent.write(`Content-Type: text/plain\r\n\r\n${content}`);
  await sleep(2);
  if (isAborted) {
    sent.destroy();
    return undefined;
  }
  sent.end(`${content}\r\n--xyz--\r\n`);
  return answer;
}

/** The files in the folders of the users that another user or the service has written. */
function strangeFiles(): string[] {
  return [world.alice, world.bob].flatMap(({ key, id }) =>
    nodeFs
      .readdirSync(path.join(folder, key))
      .filter((name) => String(nodeFs.lstatSync(path.join(folder, key, name)).uid) !== id)
      .map((name) => `${key}/${name}`),
  );
}

describeSwitching('uploads to a server whose only use of impersonation is token.run()', () => {
  beforeAll(async () => {
    folder = tempFolder('uploads');
    nodeFs.chmodSync(folder, 0o755);
    server = spawn(process.execPath, [program, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = (await once(
      readline.createInterface({ input: server.stdout ?? process.stdin }),
      'line',
    )) as [string];
    port = Number(line);
  }, 60_000);
  afterAll(async () => {
    agent.destroy();
    const exited = once(server, 'exit');
    server.stdin?.end();
    await exited;
  });

  test.each(packages)('%s writes them as their user', async (to) => {
    const users: Key[] = ['alice', 'bob', 'alice', 'bob'];
    const answers = await Promise.all(users.map((user) => upload(user, to, `of ${user} `)));
    answers.forEach((answer, index) => {
      const user = users[index] ?? 'alice';
      const expected = { owner: world[user].id, written: `of ${user} `.repeat(2), who: user, isOwnRow: true };
      expect([answer?.status, JSON.parse(answer?.body ?? '')]).toEqual([200, expected]);
    });
    expect(strangeFiles()).toEqual([]);
  });

  test(
    `and its reads and queries are right on ${String(connections)} connections with late and aborted bodies`,
    async () => {
      const wrong: string[] = [];
      const counts = { uploads: 0, aborted: 0, reads: 0, refused: 0 };
      const step = async (round: number): Promise<void> => {
        const user = round % 2 === 0 ? 'alice' : 'bob';
        const other = user === 'alice' ? 'bob' : 'alice';
        const to = packages[round % 3 === 0 ? 0 : round % packages.length] ?? '';
        if (round % 5 === 4) {
          const owner = round % 3 === 0 ? other : user;
          const { sent, answer } = request(user, 'GET', `/${owner}/file`);
          sent.end();
          const { status, body } = await answer;
          const isRight = owner === user ? body === `${user} `.repeat(10_000) : status === 403;
          if (!isRight) wrong.push(`${user} reads ${owner}/file: ${String(status)} ${body.slice(0, 40)}`);
          if (owner === user) counts.reads++;
          else counts.refused++;
          return;
        }
        const content = `${String(round)} of ${user} `.repeat(round % 7 === 0 ? 8_000 : 10);
        const isAborted = round % 5 === 3;
        const answer = await upload(user, to, content, isAborted);
        if (!answer) {
          counts.aborted++;
          return;
        }
        counts.uploads++;
        const expected = { owner: world[user].id, written: content.repeat(2), who: user, isOwnRow: true };
        if (answer.status !== 200 || answer.body !== JSON.stringify(expected))
          wrong.push(`${user} uploads by ${to}: ${String(answer.status)} ${answer.body.slice(0, 200)}`);
      };
      const end = Date.now() + seconds * 1000;
      const isOver = (round: number): boolean =>
        seconds === 0 ? round >= connections * 6 : Date.now() >= end;
      await Promise.all(
        Array.from({ length: connections }, async (_, index) => {
          for (let round = index; !isOver(round) && wrong.length === 0; round += connections + 1)
            await step(round);
        }),
      );
      if (seconds > 0)
        console.log(JSON.stringify({ node: process.version, seconds, wrong: wrong.length, ...counts }));
      expect(wrong).toEqual([]);
      expect(strangeFiles()).toEqual([]);
      for (const count of Object.values(counts)) expect(count).toBeGreaterThan(connections / 10);
    },
    (seconds + 120) * 1000,
  );
});
