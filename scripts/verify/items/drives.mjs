import assert from 'node:assert/strict';
import fs, { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { notShown } from '../check.mjs';
import { logon, withToken, withTokens } from '../tokens.mjs';

const require = createRequire(import.meta.url);

const freeDrive = () => ['Q:', 'R:', 'T:', 'U:', 'V:'].find((drive) => !fs.existsSync(`${drive}\\`));

/** Calls `work` while the user has mapped the drive, or returns why it could not be mapped. */
async function whileMapped({ seam }, token, { drive, folder }, work) {
  try {
    token.runSync(() => seam.defineDrive(drive, folder));
  } catch (error) {
    if (error.syscall !== 'DefineDosDeviceW') throw error;
    return notShown(`DefineDosDeviceW fails with ${error.errno}`);
  }
  try {
    return await work();
  } finally {
    token.runSync(() => seam.removeDrive(drive, folder));
  }
}

async function mappedDrive(world) {
  const { product, paths } = world;
  const drive = freeDrive();
  const file = `${drive}\\file.txt`;
  return withTokens(world, (alice, bob) =>
    whileMapped(world, alice, { drive, folder: path.dirname(paths.alice) }, async () => {
      const seen = alice.runSync(() => [
        fs.existsSync(file),
        product.withoutToken(() => fs.existsSync(file)),
      ]);
      seen.push(bob.runSync(() => fs.existsSync(file)));
      assert.deepEqual(seen, [true, false, false]);
      assert.equal(await alice.run(() => fs.promises.readFile(file, 'utf8')), 'of alice');
      return 'a drive of the logon session is there in scope and flow, and for nobody else';
    }),
  );
}

/** Makes `name` in the user's folder and, with other contents, where the user's own drive would have it. */
function twice(folder, name, [real, mapped]) {
  const file = path.join(folder, name);
  const { root } = path.parse(file);
  const shadow = path.join(folder, 'drive', path.relative(root, file));
  fs.mkdirSync(path.dirname(shadow), { recursive: true });
  writeFileSync(file, real);
  writeFileSync(shadow, mapped);
  return file;
}

const call = (_world, _token, _mapping, work) => work();

async function systemDrive(world) {
  const folder = path.dirname(world.paths.alice);
  const drive = path.parse(folder).root.slice(0, 2);
  const data = twice(folder, 'data.txt', ['real', 'mapped']);
  const module = twice(folder, 'module.cjs', ["module.exports = 'real'", "module.exports = 'mapped'"]);
  return withToken(logon(world, world.alice), (alice) =>
    // Wine would map the drive for everybody.
    (world.rehearsal ? call : whileMapped)(
      world,
      alice,
      { drive, folder: path.join(folder, 'drive') },
      () => {
        const seen = alice.runSync(() => ({ data: readFileSync(data, 'utf8'), module: require(module) }));
        assert.equal(seen.module, 'real', 'a module was loaded from the drive that the user has mapped');
        return `${drive} mapped by the user: a scope reads the ${seen.data} file, and loads the real module`;
      },
    ),
  );
}

const none = 'has no drives of a logon session';

export const drives = {
  name: 'drives',
  checks: [
    { what: 'a mapped drive', wine: none, run: mappedDrive },
    { what: 'a mapped system drive', wine: none, run: systemDrive },
  ],
};
