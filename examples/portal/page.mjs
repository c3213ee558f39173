/* global document, location, window */
// The page of the portal. It shows names and codes as text only, never as HTML.

const element = (id) => document.getElementById(id);
const names = () => location.hash.slice(1).split('/').filter(Boolean).map(decodeURIComponent);
const urlOf = (kind, parts) => `/api/${[kind, ...parts.map(encodeURIComponent)].join('/')}`;
const hashOf = (parts) => `#${parts.map(encodeURIComponent).join('/')}`;

const texts = new Map([
  ['EACCES', 'You do not have access.'],
  ['EPERM', 'You do not have access.'],
  ['ENOENT', 'It does not exist.'],
  ['EEXIST', 'A file of this name exists already.'],
  ['ENOSPC', 'The disk is full.'],
]);

async function call(url, options) {
  const response = await fetch(url, options);
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(texts.get(body.code) ?? `${response.status} ${body.code ?? ''}`);
  return body;
}

function create(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function say(text, bad = false) {
  const message = element('message');
  message.textContent = text;
  message.className = bad ? 'bad' : '';
  message.hidden = text === '';
}

function sizeOf(bytes) {
  const unit = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  const power = bytes < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toLocaleString('en', { maximumFractionDigits: 1 })} ${unit[power]}`;
}

function rowOf({ name, folder, owner, size, changed }) {
  const path = [...names(), name];
  const link = folder
    ? create('a', { href: hashOf(path) }, name)
    : create('a', { href: urlOf('file', path), download: name }, name);
  const date = new Date(changed).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short' });
  return create(
    'tr',
    { className: folder ? 'folder' : '' },
    create('td', {}, link),
    create('td', { className: 'owner' }, owner),
    create('td', { className: 'size' }, folder ? '' : sizeOf(size)),
    create('td', { className: 'changed' }, date),
  );
}

function showPath(parts) {
  const links = ['All files', ...parts].map((text, index) =>
    create('a', { href: hashOf(parts.slice(0, index)) }, text),
  );
  links.at(-1).setAttribute('aria-current', 'page');
  element('path').replaceChildren(...links);
}

async function showFolder() {
  const parts = names();
  showPath(parts);
  let rows = [];
  try {
    rows = (await call(urlOf('folder', parts))).map(rowOf);
    element('empty').hidden = rows.length > 0;
  } catch (error) {
    element('empty').hidden = true;
    say(error.message, true);
  }
  element('files').replaceChildren(...rows);
}

async function upload() {
  const files = [...element('upload').files];
  element('upload').value = '';
  for (const file of files) {
    say(`${file.name}: uploading …`);
    try {
      const { owner } = await call(urlOf('file', [...names(), file.name]), { method: 'PUT', body: file });
      await showFolder();
      say(`${file.name} is uploaded. Its owner is ${owner}.`);
    } catch (error) {
      say(`${file.name}: ${error.message}`, true);
    }
  }
}

async function showUser() {
  const { user, delegation } = await call('/api/user');
  element('user').textContent = user;
  element('initial').textContent = user
    .replace(/^.*[-\\]/, '')
    .slice(0, 1)
    .toUpperCase();
  element('delegation').textContent = `Delegation: ${delegation}`;
}

async function showBackend() {
  try {
    const { user, groups } = await call('/api/backend');
    element('backend').textContent = `You are ${user} here too, of the groups ${groups.join(', ')}.`;
  } catch (error) {
    element('backend').textContent = `The back end cannot be reached as you: ${error.message}`;
  }
}

window.addEventListener('hashchange', () => {
  say('');
  void showFolder();
});
element('upload').addEventListener('change', () => void upload());
await Promise.all([showUser(), showFolder(), showBackend()]);
