// Procedures of tRPC that act as their callers, behind Express. Start it with `node --import impersonate/register`.
import { promises as fs } from 'node:fs';
import path from 'node:path';
import { TRPCError, initTRPC } from '@trpc/server';
import { createExpressMiddleware } from '@trpc/server/adapters/express';
import express from 'express';
import { type OperationOptions, operation } from 'impersonate/declarative';
import { actAs } from 'impersonate/http';

const folder = process.env.FILES ?? '/srv/files';
const t = initTRPC.meta<OperationOptions>().create();

/** Performs each procedure as its `meta` declares. One without `meta` is refused. */
const impersonated = t.middleware(({ path: name, meta, next }) => {
  if (!meta) throw new TRPCError({ code: 'INTERNAL_SERVER_ERROR', message: `${name} has no declaration` });
  try {
    return operation({ name, ...meta }, () => next())();
  } catch (error) {
    const { status } = error as { status?: number };
    if (status === 401) throw new TRPCError({ code: 'UNAUTHORIZED', cause: error });
    if (status === 403) throw new TRPCError({ code: 'FORBIDDEN', cause: error });
    throw error;
  }
});
const procedure = t.procedure.use(impersonated);

const nameOf = (input: unknown): string => {
  if (typeof input !== 'string') throw new TRPCError({ code: 'BAD_REQUEST' });
  return path.basename(input);
};

export const router = t.router({
  read: procedure
    .meta({ impersonation: 'required' })
    .input(nameOf)
    .query(({ input }) => fs.readFile(path.join(folder, input), 'utf8')),
  status: procedure.meta({ impersonation: 'notAllowed' }).query(() => 'ready'),
});

const undeclared = Object.entries(router._def.procedures).filter(([, { _def }]) => _def.meta === undefined);
if (undeclared.length > 0) throw new Error(`No declaration: ${undeclared.map(([name]) => name).join(', ')}`);

const app = express();
// The user of the request: here by a header that a proxy in front of the application sets, and removes from requests.
app.use(
  actAs((request) => request.headers['x-remote-user'] as string | undefined, { required: false }).express,
);
app.use('/trpc', createExpressMiddleware({ router }));
app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
