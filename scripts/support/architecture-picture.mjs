import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { floors } from './lib-layers.mjs';
import { layers } from './native-layers.mjs';
import { root } from './root.mjs';

const page = 'docs/architecture.md';
const picture = 'docs/images/architecture.svg';

/** What is in each room of lib and of native. */
const contents = {
  lib: {
    faces: 'index, fs, http, register …: what users import',
    commands: 'npx impersonate: whoami, run, doctor',
    routing: 'built-ins and packages as the user; seal()',
    doctor: 'what the process can do',
    http: 'servers and clients of HTTP',
    postgres: 'connections of PostgreSQL',
    declarative: 'declared operations',
    negotiate: 'handshakes of Kerberos and NTLM',
    peers: 'local pipes and sockets',
    process: 'programs',
    worker: 'threads of users',
    token: 'Token, and where tokens come from',
    fs: 'node:fs/promises as an identity',
    flow: 'whose work runs; bind()',
    scope: 'scopes of this thread; leaks',
    diagnostics: 'channels and messages',
    internal: 'the addon’s loader, errors, arguments, token references',
  },
  native: {
    napi: 'the only layer that knows Node-API',
    fs: 'libuv’s file system calls',
    pool: 'user threads and their queue',
    linux: 'ids, groups, capabilities',
    win32: 'access tokens',
    unsupported: 'throws',
    core: 'standard C++: token table, scope stack, tickets. core/port declares what a port provides',
  },
};

/** Returns the floors of native, highest first: a layer is above those that it may include. */
function nativeFloors() {
  const height = (name) =>
    1 + Math.max(-1, ...layers[name].folders.filter((below) => below !== name).map((below) => height(below)));
  const names = Object.keys(layers);
  const highest = Math.max(...names.map(height));
  return Array.from({ length: highest + 1 }, (_, down) =>
    names.filter((name) => height(name) === highest - down),
  ).filter((rooms) => rooms.length > 0);
}

// Legible on a telephone of 360 px, which shows 0.9 of this width.
const width = 400;
const margin = 12;
const gap = 6;
const line = 17;
const letter = 7.2;

const style = `
  text { font: 13.5px system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; fill: #1f2328 }
  .title { font-size: 16px; font-weight: 600 }
  .name { font-size: 14px; font-weight: 600 }
  .quiet { fill: #59636e }
  .ground { fill: #ffffff }
  .room { fill: #eef2f8; stroke: #8e99ab }
  .edge { fill: #0969da }
  .on-edge { fill: #ffffff; font-weight: 600; text-anchor: middle }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .quiet { fill: #9198a1 }
    .ground { fill: #0d1117 }
    .room { fill: #1e242d; stroke: #6a7688 }
    .edge { fill: #4493f8 }
    .on-edge { fill: #0d1117 }
  }`;

const escaped = (text) => text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);

function wrap(text, space) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (longer.length * letter <= space) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** Returns the rows of a floor: rooms stand side by side, two in a row. */
const rowsOf = (rooms) =>
  Array.from({ length: Math.ceil(rooms.length / 2) }, (_, row) => rooms.slice(2 * row, 2 * row + 2));

function drawRow(rooms, texts, top) {
  const space = (width - 2 * margin - gap * (rooms.length - 1)) / rooms.length;
  const wrapped = rooms.map((room) => wrap(texts[room], space - 16));
  const height = 12 + line * (1 + Math.max(...wrapped.map(({ length }) => length)));
  const svg = rooms.map((room, index) => {
    const left = margin + index * (space + gap);
    const write = (kind, text, row) =>
      `<text class="${kind}" x="${left + 8}" y="${top + 3 + line * (row + 1)}">${escaped(text)}</text>`;
    return [
      `<rect class="room" x="${left}" y="${top}" width="${space}" height="${height}" rx="4"/>`,
      write('name', room, 0),
      ...wrapped[index].map((text, row) => write('quiet', text, row + 1)),
    ].join('\n');
  });
  return { svg: svg.join('\n'), height };
}

function drawEdge(text, top) {
  return [
    `<rect class="edge" x="${margin}" y="${top}" width="${width - 2 * margin}" height="24" rx="4"/>`,
    `<text class="on-edge" x="${width / 2}" y="${top + 17}">${escaped(text)}</text>`,
  ].join('\n');
}

/** Draws the rooms of lib and native on their floors as SVG, with colors for a light and a dark background. */
export function drawArchitecture() {
  const parts = [];
  let y = margin;
  const title = (text) => {
    parts.push(`<text class="title" x="${margin}" y="${y + 16}">${escaped(text)}</text>`);
    y += 26;
  };
  const house = (all, texts) => {
    for (const rooms of all) {
      for (const row of rowsOf(rooms)) {
        const { svg, height } = drawRow(row, texts, y);
        parts.push(svg);
        y += height + 2;
      }
      y += gap;
    }
  };
  const edge = (text) => {
    parts.push(drawEdge(text, y));
    y += 24 + gap;
  };
  title('lib: the TypeScript facade');
  house([...floors].reverse(), contents.lib);
  edge('types/native.d.ts: numbers, text, bytes');
  y += gap;
  title('native: the C++ addon');
  house(nativeFloors(), contents.native);
  edge('the kernel: Linux, Windows');
  const height = y + margin - gap;
  const described = (all) => all.map((rooms) => rooms.join(', ')).join('; ');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title rooms">`,
    '<title id="title">The rooms of lib and native on their floors</title>',
    `<desc id="rooms">Floors of lib from the highest to the lowest: ${described([...floors].reverse())}. Floors of native: ${described(nativeFloors())}.</desc>`,
    `<style>${style}\n</style>`,
    `<rect class="ground" width="${width}" height="${height}" rx="6"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

/** Draws the picture of the page on architecture. Returns its path. */
export function writeArchitecture() {
  mkdirSync(path.dirname(path.join(root, picture)), { recursive: true });
  writeFileSync(path.join(root, picture), drawArchitecture());
  return picture;
}

function undescribed() {
  const rooms = { lib: floors.flat(), native: Object.keys(layers) };
  return Object.entries(rooms).flatMap(([house, names]) => {
    const described = Object.keys(contents[house]);
    return [
      ...names.filter((name) => !described.includes(name)).map((name) => `${house}/${name} has no words`),
      ...described.filter((name) => !names.includes(name)).map((name) => `${house}/${name} is on no floor`),
    ].map((problem) => `scripts/support/architecture-picture.mjs: ${problem}`);
  });
}

/** Returns the files and folders that the pages name and that do not exist. `contract/15-leaks` is a file of tests. */
function missingPaths() {
  return [page, 'docs/security.md'].flatMap((one) => {
    const text = readFileSync(path.join(root, one), 'utf8');
    const paths = text.matchAll(
      /`((?:benchmarks|bin|docs|examples|lib|native|scripts|test|types)\/[^\s`]*)`/g,
    );
    const tests = text.matchAll(/`((?:contract|linux|win32|samba)\/\d\d-[\w-]+)`/g);
    const names = [
      ...[...paths].map(([, name]) => name),
      ...[...tests].map(([, name]) => `test/${name}.test.ts`),
    ];
    return [...new Set(names)]
      .filter((name) => !existsSync(path.join(root, name)))
      .map((name) => `${one}: there is no ${name}`);
  });
}

/** Returns a problem for each room without words, for a picture that is not current, and for each path that is not there. */
export function checkArchitecture() {
  const problems = undescribed();
  if (problems.length > 0) return problems;
  const file = path.join(root, picture);
  const isCurrent = existsSync(file) && readFileSync(file, 'utf8') === drawArchitecture();
  return [...(isCurrent ? [] : [`${picture} is not current: node scripts/docs.mjs`]), ...missingPaths()];
}
