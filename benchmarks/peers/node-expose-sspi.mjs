import { createRequire } from 'node:module';

export const name = 'node-expose-sspi';
export const missing =
  'users other than one who has just authenticated by SSPI; a revert if something throws or awaits in between; nesting';

/** ImpersonateSecurityContext and RevertSecurityContext, for a client in this process and of its account. */
export async function open() {
  const { sspi } = createRequire(import.meta.url)('node-expose-sspi/lib/api.js');
  const serverContextHandle = handshake(sspi);
  return () => {
    sspi.ImpersonateSecurityContext(serverContextHandle);
    sspi.RevertSecurityContext(serverContextHandle);
  };
}

function handshake(sspi) {
  const packageName = 'NTLM';
  const acquire = (credentialUse) => sspi.AcquireCredentialsHandle({ packageName, credentialUse });
  const [client, server] = [
    acquire('SECPKG_CRED_OUTBOUND').credential,
    acquire('SECPKG_CRED_INBOUND').credential,
  ];
  const isServer = { credential: server, targetDataRep: 'SECURITY_NATIVE_DREP' };
  let fromClient = sspi.InitializeSecurityContext({ credential: client, targetName: 'localhost' });
  let fromServer = sspi.AcceptSecurityContext({ ...isServer, SecBufferDesc: fromClient.SecBufferDesc });
  for (let messages = 0; messages < 4 && fromServer.SECURITY_STATUS === 'SEC_I_CONTINUE_NEEDED'; messages++) {
    fromClient = sspi.InitializeSecurityContext({
      credential: client,
      targetName: 'localhost',
      SecBufferDesc: fromServer.SecBufferDesc,
      contextHandle: fromClient.contextHandle,
    });
    fromServer = sspi.AcceptSecurityContext({
      ...isServer,
      SecBufferDesc: fromClient.SecBufferDesc,
      contextHandle: fromServer.contextHandle,
    });
  }
  if (fromServer.SECURITY_STATUS !== 'SEC_E_OK') throw new Error(`handshake: ${fromServer.SECURITY_STATUS}`);
  return fromServer.contextHandle;
}
