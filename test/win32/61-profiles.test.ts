import type { Token } from 'impersonate';
import { caught } from '../support/errors';
import { idOf, native, run, start } from '../support/win32/programs';
import { seam } from '../support/win32/seam';
import { expectActingAsService } from '../support/world/acting';
import { world } from '../support/world/win32';

const addon = 'impersonate.node';
let alice: Token;

beforeAll(async () => {
  alice = await world.alice.token();
});
beforeEach(() => {
  // To count the calls.
  for (const name of ['LoadUserProfileW', 'UnloadUserProfile']) {
    seam().failImport(addon, name, { error: 0, times: 0, late: true });
  }
});
afterEach(() => {
  seam().clearFaults();
  expectActingAsService();
});
afterAll(() => {
  alice.close();
});

const calls = (): number[] =>
  ['LoadUserProfileW', 'UnloadUserProfile'].map((name) => seam().importCalls(addon, name));

describe('a profile', () => {
  test('is loaded until it is unloaded', async () => {
    const profile = await native.loadProfile(idOf(alice));
    expect(calls()).toEqual([1, 0]);
    await native.unloadProfile(profile);
    expect(calls()).toEqual([1, 1]);
    expect(caught(() => native.unloadProfile(profile))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  });

  test('of a program is loaded while it runs', async () => {
    const started = start(alice, process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { profile: true });
    expect(calls()).toEqual([1, 0]);
    native.killProgram(started.id, 9);
    await started.ended;
    expect(calls()).toEqual([1, 1]);
    expect(run(alice, 'whoami', [], { profile: false })).toMatchObject({ status: 0 });
    expect(calls()).toEqual([1, 1]);
  });

  test('of a program that cannot be started is unloaded', () => {
    expect(run(alice, 'nothing', [], { profile: true })).toBeLessThan(0);
    expect(calls()).toEqual([1, 1]);
  });

  test('that cannot be loaded is an error, and no program runs without it', async () => {
    seam().failImport(addon, 'LoadUserProfileW', { error: 5, times: 2, late: true });
    const error = { code: 'ERROR_ACCESS_DENIED', syscall: 'LoadUserProfileW' };
    await expect(native.loadProfile(idOf(alice))).rejects.toMatchObject(error);
    expect(caught(() => run(alice, 'whoami', [], { profile: true }))).toMatchObject(error);
    expect(calls()[1]).toBe(0);
  });

  test('needs the privileges of a backup, which only its calls have', async () => {
    seam().failImport(addon, 'AdjustTokenPrivileges', { error: 1300, returns: 1 });
    await expect(native.loadProfile(idOf(alice))).rejects.toMatchObject({
      code: 'ERROR_NOT_ALL_ASSIGNED',
    });
    expect(calls()).toEqual([0, 0]);
  });
});

describe('known folders', () => {
  test('are absolute paths, by name', () => {
    const folder = (name: string): string => native.knownFolder(idOf(alice), name);
    expect(folder('Documents')).toMatch(/^[A-Z]:\\.*\\Documents$/);
    expect(folder('LocalAppData')).toMatch(/\\AppData\\Local$/);
    expect(folder('RoamingAppData')).toMatch(/\\AppData\\Roaming$/);
    expect(caught(() => folder('documents'))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  });

  test('that the user does not have are ENOENT', () => {
    seam().failImport(addon, 'SHGetKnownFolderPath', { error: 0, returns: -2147024894, late: true });
    expect(caught(() => native.knownFolder(idOf(alice), 'Music'))).toMatchObject({ code: 'ENOENT' });
  });
});
