import { Buffer } from 'node:buffer';
import { createHmac, randomUUID } from 'node:crypto';
import { JWT_SECRET } from '../bench-run.mjs';
import { contest } from '../contest.mjs';
import { rawGet } from '../load/raw-http.mjs';

const TOKENS = 1000;
const LONGEST_FIRST_PASS_MS = 10_000;

/** GET by id with a thousand tokens in turn, all known to the service, against one token. */
export async function access(bench) {
  const { generator, service, ids } = bench;
  const name = `GET skill by id, ${TOKENS.toLocaleString('en')} tokens`;
  await bench.row(name, async () => {
    const path = `skills/${ids[7]}`;
    const tokens = Array.from({ length: TOKENS }, () => anotherToken(service.token));
    const requests = tokens.map((token) => rawGet({ port: service.port, token }, path));
    const firstPass = await generator.prepare(service, requests, { once: true });
    await firstPass(LONGEST_FIRST_PASS_MS);
    await firstPass.close();
    return contest(
      bench,
      name,
      { requests },
      { 'the service, one token': { target: service, requests: [rawGet(service, path)] } },
    );
  });
}

/** Signs a token as if the client had requested it: a thousand real requests would need a thousand slow checks of the secret. */
function anotherToken(token) {
  const [header, payload] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const signed = `${header}.${Buffer.from(JSON.stringify({ ...claims, jti: randomUUID() })).toString('base64url')}`;
  return `${signed}.${createHmac('sha256', JWT_SECRET).update(signed).digest('base64url')}`;
}
