/** What the package can do for a process that has the rights, by the names that `--need` takes. */
export const capabilities = {
  scopes: 'act as other users: runSync(), impersonate(), run(), workers',
  logon: 'users by password: Token.logon()',
  s4u: 'users by name: Token.forUser()',
  peers: 'clients of pipes and unix sockets: Token.fromPeer(), PeerServer',
  iis: 'users of IIS: Token.fromIisRequest()',
  'negotiate-accept': 'clients of Integrated Authentication: NegotiateServer',
  processes: 'programs as a user: token.spawn()',
  profiles: 'profiles of users: token.loadProfile()',
} as const;

/**
 * The name of a capability.
 *
 * @example
 * const needed: CapabilityName[] = ['scopes', 's4u'];
 * const { capabilities } = await doctor();
 * const isReady = capabilities.every(({ name, can }) => can || !needed.includes(name));
 */
export type CapabilityName = keyof typeof capabilities;
