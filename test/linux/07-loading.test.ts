import { runSource } from '../support/children/child';
import { product } from '../support/paths';

const major = Number(process.versions.node.split('.')[0]);
const load = `try { require(${JSON.stringify(product)}); console.log('loaded'); } catch (error) { console.log(error.name + ': ' + error.message); }`;

// With io_uring, libuv 1.4x lets the kernel open files as the user that made the ring.
test('UV_USE_IO_URING=1 throws if libuv would use it for files', async () => {
  const { stdout, code } = await runSource(load, { env: { UV_USE_IO_URING: '1' } }, 'bare');
  expect(code).toBe(0);
  if (major === 20) expect(stdout).toMatch(/^\w*Error: .*UV_USE_IO_URING/);
  else expect(stdout).toBe('loaded\n');
});

test.each(['0', ''])('UV_USE_IO_URING=%p does not throw', async (value) => {
  const { stdout } = await runSource(load, { env: { UV_USE_IO_URING: value } }, 'bare');
  expect(stdout).toBe('loaded\n');
});

test('loading does not change the process', async () => {
  const source = `const fs = require('node:fs');
    const ids = () => /^Uid:.*\\nGid:.*$/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))[0];
    const before = ids();
    ${load}
    console.log(ids() === before);`;
  expect((await runSource(source, {}, 'bare')).stdout).toBe('loaded\ntrue\n');
});
