// node sign.mjs KEY UID
// Stands in for an identity provider: prints a token for a user that is valid for an hour. KEY is the private key.
import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import process from 'node:process';

const [keyFile, uid] = process.argv.slice(2);
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const exp = Math.floor(Date.now() / 1000) + 3600;
const content = `${encode({ alg: 'EdDSA' })}.${encode({ uid: Number(uid), gid: Number(uid), exp })}`;
const signature = sign(null, content, createPrivateKey(readFileSync(keyFile)));
console.log(`${content}.${signature.toString('base64url')}`);
