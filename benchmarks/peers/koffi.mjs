import process from 'node:process';
import { missingByHand, fail, systemCalls } from './system-calls.mjs';

export const name = 'koffi, by hand';
export const missing = missingByHand;
export const isEverywhere = true;

/** A switch to the person and back, by system calls through koffi. */
export async function open(person) {
  const { default: koffi } = await import('koffi');
  return process.platform === 'win32' ? windows(koffi, person) : linux(koffi, person);
}

function windows(koffi, { handle }) {
  const library = koffi.load('advapi32.dll');
  const setThreadToken = library.func('int __stdcall SetThreadToken(void *thread, intptr_t token)');
  const revertToSelf = library.func('int __stdcall RevertToSelf()');
  return () => {
    if (setThreadToken(null, handle) === 0) fail('SetThreadToken', 0);
    if (revertToSelf() === 0) fail('RevertToSelf', 0);
  };
}

function linux(koffi, { ids: { uid, gid, groups } }) {
  const library = koffi.load('libc.so.6');
  // syscall(2) changes this thread only; the C library's setresuid() would change every thread.
  const setIds = library.func('syscall', 'long', ['long', 'uint32', 'uint32', 'uint32']);
  const setList = library.func('syscall', 'long', ['long', 'size_t', 'void *']);
  const { setgroups, setresgid, setresuid } = systemCalls;
  const [list, own] = [Uint32Array.from(groups), Uint32Array.from(process.getgroups())];
  const same = 0xffffffff;
  return () => {
    if (setList(setgroups, list.length, list) !== 0) fail('setgroups', -1);
    if (setIds(setresgid, gid, gid, same) !== 0) fail('setresgid', -1);
    if (setIds(setresuid, uid, uid, 0) !== 0) fail('setresuid', -1);
    if (setIds(setresuid, 0, 0, 0) !== 0) fail('setresuid', -1);
    if (setIds(setresgid, 0, 0, 0) !== 0) fail('setresgid', -1);
    if (setList(setgroups, own.length, own) !== 0) fail('setgroups', -1);
  };
}
