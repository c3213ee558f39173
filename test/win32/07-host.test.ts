import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { linesOf } from '../support/children/child';
import { tempFolder } from '../support/folders';

// Electron and packagers rename or embed node.exe; an addon that imports from "node.exe" by name fails there.
test('a host that is not called node.exe loads the addon and acts as a user', async () => {
  const host = join(tempFolder('host'), 'portal.exe');
  copyFileSync(process.execPath, host);
  const lines = await linesOf(
    `const alice = await world.alice.token();
    print(require('node:path').basename(process.execPath));
    print(String(alice.runSync(() => world.whoAmI()) === world.alice.id));`,
    { execPath: host },
  );
  expect(lines).toEqual(['portal.exe', 'true']);
});
