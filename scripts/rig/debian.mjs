import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { run } from './command.mjs';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const supported = new Set(['12', '13']);

/**
 * Downloads packages of a Debian release with their dependencies, from the mirror in this machine's apt configuration,
 * and unpacks them under `folder`. Signatures are checked. Nothing is installed: it needs no root, runs no maintainer
 * script, and does not change apt's state. Resolves to the names of the unpacked files.
 */
export async function unpackDebian(release, packages, folder) {
  return withApt('deb', [release], folder, async (apt, work) => {
    await run('apt-get', [...apt, '--yes', '--download-only', 'install', ...packages]);
    const archives = path.join(work, 'cache', 'archives');
    const names = (await readdir(archives)).filter((name) => name.endsWith('.deb'));
    for (const name of names) await run('dpkg-deb', ['--extract', path.join(archives, name), folder]);
    return names;
  });
}

/**
 * Downloads the original source of a package in one of these Debian releases, the newest version that starts with
 * `prefix`, in the same way, and unpacks what `patterns` (tar's) select of it into `folder`. Resolves to the version.
 */
export function unpackDebianSource(releases, name, prefix, folder, patterns) {
  return withApt('deb-src', releases, folder, async (apt, work) => {
    const listed = await run('apt-cache', [...apt, 'showsrc', '--only-source', name]);
    const found = [...listed.matchAll(/^Version: (.+)$/gm)].map(([, version]) => version);
    const failures = [`${found.join(', ')} of ${releases.join(', ')}`];
    for (const version of found.filter((each) => each.startsWith(prefix)).sort(newestFirst)) {
      try {
        const archive = await downloadSource(apt, `${name}=${version}`, work);
        const select = ['--strip-components=1', '--no-same-owner', '--wildcards', ...patterns];
        await run('tar', ['-xJf', archive, '-C', folder, ...select]);
        return version;
      } catch (error) {
        failures.push(error.message);
      }
    }
    throw new Error(`no ${name} ${prefix} among ${failures.join('\n')}`);
  });
}

const newestFirst = (a, b) => b.localeCompare(a, 'en', { numeric: true });

/** Downloads the source without Debian's own part and further components. apt has its hash from the signed index. */
async function downloadSource(apt, specification, work) {
  const uris = await run('apt-get', [...apt, '--print-uris', '--tar-only', 'source', specification]);
  const [, uri, file, hash] = /^'(.+)' (\S+\.orig\.tar\.xz) \d+ (SHA256:\w+)$/m.exec(uris) ?? [];
  if (!uri) throw new Error(`no original source of ${specification}:\n${uris}`);
  const archive = path.join(work, file);
  await run('/usr/lib/apt/apt-helper', [...apt, 'download-file', uri, archive, hash]);
  return archive;
}

/** Calls `use(options, work)` with apt's options for each mirror until one succeeds. `work` is removed afterwards. */
async function withApt(kind, releases, folder, use) {
  const work = path.join(folder, '.apt');
  const failures = [];
  for (const mirror of await mirrors()) {
    const apt = ['-qq', '-c', await writeSettings(work, kind, mirror, releases)];
    try {
      await run('apt-get', [...apt, 'update']);
      const result = await use(apt, work);
      await rm(work, { recursive: true });
      return result;
    } catch (error) {
      failures.push(error.message);
    }
  }
  const names = releases.join(', ');
  throw new Error(`no Debian ${names} packages from this machine's apt sources:\n${failures.join('\n')}`);
}

/** Returns the sources that may be Debian mirrors, the labelled one first. The signature decides. */
async function mirrors() {
  const { ID, VERSION_ID, VERSION_CODENAME } = await osRelease();
  if (ID !== 'debian' || !supported.has(VERSION_ID) || !existsSync(keyring)) {
    throw new Error(
      'Wine 10 and the sources of Node.js are downloaded with apt on Debian 12 or 13 (amd64, with the package ' +
        `debian-archive-keyring); this is ${ID} ${VERSION_ID ?? ''}`,
    );
  }
  const targets = await run('apt-get', [
    'indextargets',
    '--format',
    '$(SITE)|$(LABEL)|$(RELEASE)|$(COMPONENT)',
  ]);
  const rows = targets.split('\n').map((line) => line.split('|'));
  const main = rows.filter(([, , , component]) => component === 'main');
  const labelled = main.filter(([, label]) => label === 'Debian');
  const named = main.filter(([, , suite]) => suite === VERSION_CODENAME || suite === 'stable');
  const sites = new Set([...labelled, ...named].map(([site]) => site));
  if (sites.size === 0) throw new Error("this machine's apt sources list no Debian mirror (component main)");
  return sites;
}

async function osRelease() {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => `ID=${process.platform}`);
  const fields = text.matchAll(/^(\w+)="?([^"\n]*)"?$/gm);
  return Object.fromEntries([...fields].map(([, name, value]) => [name, value]));
}

/** Writes a configuration with its own state, cache and source list. The machine's other settings (proxies) stay. */
async function writeSettings(work, kind, mirror, releases) {
  await mkdir(path.join(work, 'state', 'lists', 'partial'), { recursive: true });
  await mkdir(path.join(work, 'cache', 'archives', 'partial'), { recursive: true });
  await writeFile(path.join(work, 'state', 'status'), '');
  await writeFile(
    path.join(work, 'sources.list'),
    releases
      .map((release) => `${kind} [arch=amd64 signed-by=${keyring}] ${mirror} ${release} main\n`)
      .join(''),
  );
  const settings = {
    'Dir::State': path.join(work, 'state'),
    'Dir::State::status': path.join(work, 'state', 'status'),
    'Dir::Cache': path.join(work, 'cache'),
    'Dir::Etc::sourcelist': path.join(work, 'sources.list'),
    'Dir::Etc::sourceparts': '-',
    'Dir::Etc::preferences': '-',
    'Dir::Etc::preferencesparts': '-',
    'APT::Architecture': 'amd64',
    'APT::Install-Recommends': 'false',
    'APT::Sandbox::User': 'root',
    'APT::Get::List-Cleanup': 'false',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
    'Debug::NoLocking': 'true',
  };
  const hooks = [
    'APT::Update::Pre-Invoke',
    'APT::Update::Post-Invoke',
    'APT::Update::Post-Invoke-Success',
    'DPkg',
  ];
  const lines = [
    ...hooks.map((name) => `#clear ${name};`),
    '#clear APT::Architectures;',
    ...Object.entries(settings).map(([name, value]) => `${name} "${value}";`),
  ];
  const file = path.join(work, 'apt.conf');
  await writeFile(file, lines.join('\n') + '\n');
  return file;
}
