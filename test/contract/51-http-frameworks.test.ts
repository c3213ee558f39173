import { join } from 'node:path';
import { runProgram } from '../support/children/child';
import { describeSwitching } from '../support/world/acting';
import { tempFolder } from '../support/folders';

const program = join(__dirname, 'programs', 'http-frameworks.js');

/** The output of the program for one user. */
const linesFor = (own: string): string[] => {
  const files = own === 'alice' ? 'of alice/EACCES' : 'EACCES/of bob';
  return [
    'node 401',
    `node /events 200 ${files}`,
    `node /pipeline 200 ${own}`,
    `node /sink 200 ${own}`,
    `node /lazy 200 ${own}`,
    'node connections 1',
    'express 401',
    `express /json 200 ${own} {"a":1} ${files}`,
    `express /upload 200 ${own},${own}`,
    'express /file 200 true',
    `express /twice 200 ${own}`,
    `express /fails 418 mine ${own}`,
    'express connections 1',
    'fastify 401',
    `fastify /json 200 ${own} {"a":1} ${files} true`,
    `fastify /stream 200 ${own}`,
    `fastify /fails 500 {"statusCode":500,"error":"Internal Server Error","message":"${own}"}`,
    'fastify connections 1',
    'koa 401',
    `koa /body 200 ${own},${own} text ${files} true`,
    `koa /stream 200 ${own}`,
    `koa /web 200 ${own}`,
    `koa /response 200 ${own}`,
    `koa /pull 200 ${own}`,
    `koa /fails 418 ${own}`,
    'koa connections 1',
  ];
};

describeSwitching('work that runs long after the handler was called', () => {
  test('runs as the user who sent the request, with node:http, Express, Fastify and Koa', async () => {
    const { code, stdout, stderr } = await runProgram(program, {
      args: [tempFolder('http')],
      // The frameworks capture functions of node:fs but call them only later.
      execArgv: ['--disable-warning=IMPERSONATE_LOADED_LATE'],
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.split(/\r?\n/).filter(Boolean);
    const [later, ...rest] = lines.reverse();
    // One of node:http /events and of each of Fastify's three. Fastify also reports rejected requests, without a user.
    const four = (name: string): string[] => Array<string>(4).fill(name);
    expect(later).toBe(['later', ...['ERR_NO_TOKEN', 'alice', 'bob'].flatMap(four)].join(' '));
    expect(rest.sort()).toEqual([...linesFor('alice'), ...linesFor('bob')].sort());
  });
});
