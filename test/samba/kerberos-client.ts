import { createInterface } from 'node:readline';
import kerberos = require('kerberos');

// node kerberos-client.js SERVICE spnego|krb5
// Replies to each line, which is the server's reply or empty at first, with `message BASE64`, `done`, or `error TEXT`.

const [service = '', mechanism] = process.argv.slice(2);
const mechOID = mechanism === 'krb5' ? kerberos.GSS_MECH_OID_KRB5 : kerberos.GSS_MECH_OID_SPNEGO;

async function main(): Promise<void> {
  // The package's declarations call it something else.
  const mutual: object = { flags: kerberos.GSS_C_MUTUAL_FLAG };
  const client = await kerberos.initializeClient(service, { mechOID, ...mutual });
  for await (const reply of createInterface(process.stdin)) {
    try {
      await client.step(reply);
      console.log(client.contextComplete ? 'done' : `message ${client.response}`);
    } catch (error) {
      console.log(`error ${(error as Error).message.replaceAll('\n', ' ')}`);
    }
  }
}

void main();
