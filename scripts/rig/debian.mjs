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
  const work = path.join(folder, '.apt');
  const files = await download(release, packages, work);
  for (const file of files) await run('dpkg-deb', ['--extract', file, folder]);
  await rm(work, { recursive: true });
  return files.map((file) => path.basename(file));
}

async function download(release, packages, work) {
  const failures = [];
  for (const mirror of await mirrors()) {
    const apt = ['-qq', '-c', await writeSettings(work, mirror, release)];
    try {
      await run('apt-get', [...apt, 'update']);
      await run('apt-get', [...apt, '--yes', '--download-only', 'install', ...packages]);
      const archives = path.join(work, 'cache', 'archives');
      return (await readdir(archives))
        .filter((name) => name.endsWith('.deb'))
        .map((name) => path.join(archives, name));
    } catch (error) {
      failures.push(error.message);
    }
  }
  throw new Error(`no Debian ${release} packages from this machine's apt sources:\n${failures.join('\n')}`);
}

/** Returns the sources that may be Debian mirrors, the labelled one first. The signature decides. */
async function mirrors() {
  const { ID, VERSION_ID, VERSION_CODENAME } = await osRelease();
  if (ID !== 'debian' || !supported.has(VERSION_ID) || !existsSync(keyring)) {
    throw new Error(
      'the Windows runs need Wine 10, which is downloaded with apt on Debian 12 or 13 (amd64, with the package ' +
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
async function writeSettings(work, mirror, release) {
  await mkdir(path.join(work, 'state', 'lists', 'partial'), { recursive: true });
  await mkdir(path.join(work, 'cache', 'archives', 'partial'), { recursive: true });
  await writeFile(path.join(work, 'state', 'status'), '');
  await writeFile(
    path.join(work, 'sources.list'),
    `deb [arch=amd64 signed-by=${keyring}] ${mirror} ${release} main\n`,
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
