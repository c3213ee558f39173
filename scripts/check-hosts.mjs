import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { isMain, report } from './support/check.mjs';
import { root } from './support/root.mjs';
import { capture } from './support/run.mjs';

// Hosts of package registries and mirrors, and folders of one machine.
const registries =
  /\b(?:registry|deb|archive|mirrors?|snapshot|ftp)\.[a-z][a-z\d.-]*\.(?:org|com|net|io|dev|cn)\b/;
const machineFolders = /(?<![\w.~-])\/(?:home|root|Users)\/[\w.-]/;
const downloads = /"resolved": "[^"]*:/;

const literally = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const readIfThere = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '');

function aptSources() {
  const folder = '/etc/apt/sources.list.d';
  const parts = existsSync(folder) ? readdirSync(folder).map((name) => path.join(folder, name)) : [];
  const text = ['/etc/apt/sources.list', ...parts].map(readIfThere).join('\n');
  return text.replace(/^\s*#.*$/gm, '');
}

// The hosts from which this machine downloads packages.
async function configuredHosts() {
  const npm = await capture('npm', ['config', 'get', 'registry']);
  const urls = `${npm.output}\n${aptSources()}`.matchAll(/\bhttps?:\/\/([^\s/:]+)/g);
  const hosts = new Set([...urls].map(([, host]) => host));
  return [...hosts].filter((host) => !/^(?:localhost$|127\.|\[)/.test(host));
}

async function patterns() {
  const hosts = (await configuredHosts()).map((host) => new RegExp(`//${literally(host)}\\b`));
  const folders = [root, homedir()].filter((folder) => folder.length > 1);
  const own = folders.map((folder) => new RegExp(`(?<![\\w.~-])${literally(folder)}\\/`));
  return [registries, machineFolders, ...hosts, ...own];
}

async function trackedFiles() {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const { code, output } = await capture('git', list);
  if (code !== 0) throw new Error(`git ls-files: ${output.trim()}`);
  return output.split('\0').filter(Boolean);
}

function forbiddenLines(file, text, rules) {
  return text.split('\n').flatMap((line, index) => {
    const found = rules.map((rule) => rule.exec(line)).find(Boolean);
    return found ? [`${file}:${index + 1}: names ${found[0]}`] : [];
  });
}

// Returns the sample lines that the rules classify wrongly.
function misjudgedSamples(rules) {
  const host = ['registry', 'example', 'org'].join('.');
  const bad = [`fetch('https://${host}/x')`, `cd ${['', 'home', 'me'].join('/')}`, `file = "${root}/x"`];
  const good = [
    "import './support/root.mjs'",
    'registry.table.size()',
    'http://localhost/home/x',
    '../home/x',
  ];
  const flagged = (line) => forbiddenLines('sample', line, rules).length === 1;
  const misjudged = [...bad.filter((line) => !flagged(line)), ...good.filter(flagged)];
  return misjudged.map((line) => `sample misjudged: ${line}`);
}

// Returns registry hosts and machine paths in the files that git tracks or would track; '' if none.
export async function checkHosts() {
  const rules = await patterns();
  const problems = misjudgedSamples(rules);
  for (const file of await trackedFiles()) {
    const text = readIfThere(path.join(root, file)); // git lists a deleted file until the deletion is committed
    problems.push(
      ...forbiddenLines(
        file,
        text,
        path.basename(file) === 'package-lock.json' ? [...rules, downloads] : rules,
      ),
    );
  }
  return problems.join('\n');
}

if (isMain(import.meta.url)) report('hosts', await checkHosts());
