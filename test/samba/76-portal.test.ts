import {
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  chmodSync,
  chownSync,
} from 'node:fs';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { root } from '../support/paths';
import { curl, logOn, ticketsOf } from './clients';
import { backEndUrl, endPrograms, hostOf, startBackEnd, startProgram } from './hops';
import { localUser } from './local-users';

const folder = '/run/portal';
const portal = `http://${hostOf('resource')}:8080`;
const alice = localUser('imp-alice');
const bob = localUser('imp-bob');
const markup = '<img src=x onerror=alert(1)>.txt';
const contexts: BrowserContext[] = [];

/** Creates a folder or file of a user, which only the user can read. */
function give(owner: typeof alice, name: string, content?: string): void {
  const path = join(folder, name);
  if (content === undefined) mkdirSync(path);
  else writeFileSync(path, content);
  chmodSync(path, content === undefined ? 0o700 : 0o600);
  chownSync(path, owner.uid, owner.gid);
  utimesSync(path, new Date('2026-03-02T09:30:00'), new Date('2026-03-02T09:30:00'));
}

/** Opens the portal in Chromium with the user's tickets. */
async function open(user: string): Promise<Page> {
  const profile = `/run/browser/${user}`;
  mkdirSync(profile, { recursive: true });
  // Chromium's network service must not be in its sandbox to load GSSAPI. It learns that by the first challenge, for the
  // next start.
  const state = { net: { received_http_auth_negotiate_headers: true } };
  writeFileSync(join(profile, 'Local State'), JSON.stringify(state));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/lib/chromium/chromium',
    args: ['--no-sandbox', `--auth-server-allowlist=*.${hostOf('').slice(1)}`],
    env: { ...ticketsOf(user), HOME: profile },
    viewport: { width: 900, height: 545 },
  });
  contexts.push(context);
  const page = await context.newPage();
  page.on('dialog', () => {
    throw new Error('A name has run as a script');
  });
  await page.goto(portal);
  return page;
}

beforeAll(async () => {
  for (const user of ['imp-alice', 'imp-bob'] as const) logOn(user);
  mkdirSync(folder);
  for (const [name, owner] of [
    ['imp-alice', alice],
    ['imp-bob', bob],
  ] as const)
    give(owner, name);
  give(alice, 'imp-alice/Budget 2027.xlsx', 'x'.repeat(18_432));
  give(alice, 'imp-alice/Minutes of the meeting.txt', 'Alice was there.');
  give(bob, 'imp-bob/Diary.txt', 'not for Alice');
  await startBackEnd();
  await startProgram('examples/portal/portal.mjs', {
    FOLDER: folder,
    BACKEND: backEndUrl,
    KEYTAB: '/run/keytabs/portal-resource',
    PORT: '8080',
  });
});
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
});
afterAll(async () => {
  await endPrograms();
  rmSync(folder, { recursive: true });
});

const upload = (page: Page, name: string, content: string): Promise<void> =>
  page.setInputFiles('#upload', { name, mimeType: 'text/plain', buffer: Buffer.from(content) });
const message = (page: Page, text: string): Promise<void> =>
  page.locator('#message', { hasText: text }).waitFor();

describe('Alice in a browser', () => {
  test('is Alice at the portal and at the back end, and sees her files', async () => {
    const page = await open('imp-alice');
    await page.getByText('Delegation: constrained').waitFor();
    await page.getByText('You are imp-alice here too').waitFor();
    expect(await page.locator('#user').textContent()).toBe('imp-alice');
    await page.getByRole('link', { name: 'imp-alice' }).click();
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Minutes of the meeting.txt' }).click();
    expect(readFileSync(await (await download).path(), 'utf8')).toBe('Alice was there.');
  });

  test('uploads a file that is hers, of a name that is only text', async () => {
    const page = await open('imp-alice');
    await page.getByRole('link', { name: 'imp-alice' }).click();
    await page.getByRole('link', { name: 'Budget' }).waitFor();
    await upload(page, 'Plan for spring.txt', 'seeds');
    await message(page, 'Plan for spring.txt is uploaded. Its owner is imp-alice.');
    const { uid, gid, mode } = statSync(join(folder, 'imp-alice/Plan for spring.txt'));
    expect({ uid, gid, mode: mode & 0o777 }).toEqual({ ...alice, mode: 0o600 });
    if (process.env.IMPERSONATE_SCREENSHOT) {
      await page.screenshot({ path: join(root, 'docs/images/portal.png') });
    }
    await upload(page, markup, 'text');
    await page.getByRole('link', { name: markup }).waitFor();
    await upload(page, 'Plan for spring.txt', 'other seeds');
    await message(page, 'A file of this name exists already.');
    expect(readFileSync(join(folder, 'imp-alice/Plan for spring.txt'), 'utf8')).toBe('seeds');
  });

  test("does not see Bob's files, and cannot upload there", async () => {
    const page = await open('imp-alice');
    await page.getByRole('link', { name: 'imp-bob' }).click();
    await message(page, 'You do not have access.');
    expect(await page.locator('#files tr').count()).toBe(0);
    await upload(page, 'from-alice.txt', 'text');
    await message(page, 'from-alice.txt: You do not have access.');
  });
});

test('Bob in a browser sees his own files', async () => {
  const page = await open('imp-bob');
  await page.getByText('You are imp-bob here too').waitFor();
  await page.getByRole('link', { name: 'imp-bob' }).click();
  await page.getByRole('link', { name: 'Diary.txt' }).waitFor();
});

test('a browser without a ticket sees nothing', async () => {
  const page = await open('nobody').catch((error: unknown) => error);
  expect(String(page)).toContain('ERR_HTTP_RESPONSE_CODE_FAILURE');
});

describe('requests that the page does not send', () => {
  const send = (path: string, ...options: string[]): Promise<string> =>
    curl(portal + path, 'imp-alice', '--negotiate', '--user', ':', '--path-as-is', ...options);
  const put = ['--upload-file', '/etc/hostname'];
  const own = ['--header', `Origin: ${portal}`];

  test.each([
    ['another origin', '/api/file/imp-alice/forged', [...put, '--header', 'Origin: http://evil.example']],
    ['no origin', '/api/file/imp-alice/forged', put],
    ['a file', '/api/file/imp-alice/forged', [...put, '--header', 'Origin: null']],
    ["another site's page", '/api/folder', ['--header', 'Sec-Fetch-Site: cross-site']],
    ["another site's link", '/api/file/imp-alice/x', ['--header', 'Sec-Fetch-Site: same-site']],
  ])('from %s are refused', async (_from, path, options) => {
    expect(await send(path, ...options)).toBe('{"code":"ERR_ORIGIN"}\n403');
    expect(() => statSync(join(folder, 'imp-alice/forged'))).toThrow('ENOENT');
  });

  test.each([
    '..%2fescaped',
    'imp-alice/..%2F..%2Fescaped',
    'imp-alice/.%2e%2fescaped',
    'a%00b',
    '%ff',
    'imp-alice//x',
  ])('for the name %s are refused', async (name) => {
    expect(await send(`/api/file/${name}`, ...put, ...own)).toMatch(/^\{"code":"ERR_NAME"\}\n400$/);
  });

  test('names of parent folders lead to no file', async () => {
    expect(await send('/api/file/../../../etc/passwd')).toMatch(/\n404$/);
    expect(await send('/api/file/%2e%2e/%2e%2e/etc/passwd')).toMatch(/\n404$/);
  });

  test('a page cannot be framed, and files do not run as pages', async () => {
    const headers = await send('/', '--head');
    expect(headers).toMatch(/^content-security-policy: .*frame-ancestors 'none'/im);
    expect(await send('/api/file/imp-alice/Budget%202027.xlsx', '--head', '--request', 'GET')).toMatch(
      /^content-disposition: attachment/im,
    );
  });
});
