import process from 'node:process';

export const name = 'process.seteuid';
export const missing =
  "any separation: all threads and all work in flight act as the user meanwhile; the user's groups";

/** Switches the whole process to the user, does the work, and reverts. */
export function asUser({ ids: { uid } }, work) {
  process.seteuid(uid);
  try {
    return work();
  } finally {
    process.seteuid(0);
  }
}

/** The same over an await. No other work may run until it ends. */
export async function asUserUntil({ ids: { uid } }, work) {
  process.seteuid(uid);
  try {
    await work();
  } finally {
    process.seteuid(0);
  }
}
