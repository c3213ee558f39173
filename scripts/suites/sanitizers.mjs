import { cp, mkdir, realpath, rm, symlink } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { findMeans } from '../linux-users/means.mjs';
import { withUsers } from '../linux-users/with-users.mjs';
import { withScratch } from '../rig/scratch.mjs';
import { listFiles } from '../support/files.mjs';
import { ensurePackages } from '../support/packages.mjs';
import { root } from '../support/root.mjs';
import { capture, run } from '../support/run.mjs';
import { buildLinux } from './build.mjs';
import { runJest } from './jest.mjs';
import { suiteEnvironment, suiteUsers } from './linux.mjs';
import { npmScript } from './npm-script.mjs';

const timeoutSeconds = 3600;
const rounds = '5000';

/** Runs the native code under AddressSanitizer and UndefinedBehaviorSanitizer, and under ThreadSanitizer. */
export function sanitizerSuites(filters = []) {
  const { reason } = findMeans(suiteUsers);
  if (reason) {
    console.log(`The sanitizers are skipped. ${reason}`);
    return [];
  }
  return [
    { name: 'address and undefined behaviour', run: (write) => testAddresses(filters, write) },
    ...(filters.length > 0 ? [] : [{ name: 'threads', run: testThreads }]),
  ];
}

/** Tests that fail because of the sanitizer itself, with the reason. */
const leftOut = {
  'linux/55-kerberos':
    'the package kerberos loads its library with RTLD_DEEPBIND, which the sanitizer rejects',
};

const addressFlags =
  '-fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer -g -O1';
const options = {
  // Node itself is built without the sanitizer, and its memory lives until the process ends.
  ASAN_OPTIONS: 'detect_leaks=0:handle_segv=2',
  UBSAN_OPTIONS: 'print_stacktrace=1',
};

async function testAddresses(filters, write) {
  await buildLinux();
  const tree = path.join(root, 'build-address');
  await copyProject(tree);
  const env = { CXXFLAGS: addressFlags, LDFLAGS: addressFlags };
  for (const script of ['build:native', 'build:test-native']) npmScript(script, { cwd: tree, env });
  const preload = (await Promise.all(['libasan.so', 'libubsan.so', 'libcrypt.so.1'].map(libraryOf))).join(
    ':',
  );
  const steering = Object.entries({ ...options, LD_PRELOAD: preload }).map(
    ([name, value]) => `${name}=${value}`,
  );
  const start = (args) =>
    withUsers(suiteUsers, 'env', [...steering, process.execPath, ...args], {
      cwd: tree,
      env: suiteEnvironment(),
      timeoutSeconds,
    });
  return runJest(start, { filters: [...filters, ...ignoring(Object.keys(leftOut))], write });
}

const ignoring = (names) => (names.length > 0 ? [`--testPathIgnorePatterns=${names.join('|')}`] : []);

/** Builds the sanitizers' addon in a copy of the project, so that the existing build does not change. */
async function copyProject(tree) {
  await rm(tree, { recursive: true, force: true });
  await mkdir(tree);
  const isOutput = (name) => /^(?:node_modules|build(?:-.*)?|\.git|\.rig)$/.test(path.basename(name));
  for (const name of readdirSync(root)) {
    if (isOutput(name)) continue;
    const filter = (source) => !isOutput(source);
    await cp(path.join(root, name), path.join(tree, name), { recursive: true, filter });
  }
  await symlink(path.join(root, 'node_modules'), path.join(tree, 'node_modules'));
}

/**
 * Lists the libraries to preload before node's own: the sanitizers' runtime, and libcrypt, which PAM loads later and
 * whose functions the runtime replaces.
 */
async function libraryOf(name) {
  const { output } = await capture('g++', [`-print-file-name=${name}`]);
  const file = output.trim();
  return path.isAbsolute(file) ? realpath(file) : file;
}

async function testThreads() {
  ensurePackages(['g++', 'libuv1-dev']);
  const folder = path.join(root, 'build-thread');
  await mkdir(folder, { recursive: true });
  const driver = path.join(folder, 'driver');
  const sources = ['core', 'linux', 'fs', 'pool'].flatMap((room) => listFiles(`native/${room}`, /\.cpp$/));
  run('g++', [
    ...['-std=c++17', '-O1', '-g', '-fsanitize=thread', '-pthread', '-Inative', '-o', driver],
    ...['test/native/threads/driver.cpp', ...sources, '-luv', '-ldl'],
  ]);
  const seed = String(Math.floor(Math.random() * 1e6));
  console.log(`${driver}, ${rounds} rounds, seed ${seed}`);
  const code = await withScratch(os.tmpdir(), 'impersonate-threads-', (scratch) =>
    withUsers(suiteUsers, driver, [scratch, rounds, seed], {
      env: { TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1' },
      timeoutSeconds,
    }),
  );
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}
