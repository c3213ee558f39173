/** Logs a user on with the real password: LogonUserW. */
export function logon({ product: { Token } }, { name, password }, type = 'network') {
  return Token.logon({ user: name, domain: '.', password, type });
}

/** Calls `work` with a token of each user, and closes both. */
export async function withTokens(world, work, type) {
  const tokens = [];
  try {
    for (const user of [world.alice, world.bob]) tokens.push(await logon(world, user, type));
    return await work(...tokens);
  } finally {
    for (const token of tokens) token.close();
  }
}

/** Calls `work` with the token that `made` is or resolves to, and closes it. */
export async function withToken(made, work) {
  const token = await made;
  try {
    return await work(token);
  } finally {
    token.close();
  }
}
