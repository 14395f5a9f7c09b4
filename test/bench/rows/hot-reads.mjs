/* global fetch */
import { withBareFastify } from '../baseline/bare-fastify.mjs';
import { contest } from '../contest.mjs';
import { rawGet } from '../load/raw-http.mjs';

const SHARE_OF_FASTIFY = 0.65;
const TIMES_ETCD = 2;

/** Repeated reads, against Fastify with the same bytes, and against etcd with the same value. */
export async function hotReads(bench) {
  const { service, ids } = bench;
  const paths = {
    'GET skill by id': `skills/${ids[7]}`,
    'discover, hot': 'skills/discover?capability=capability-7',
    'list, hot': 'skills/?limit=10',
    'capabilities, hot': 'capabilities?category=category-7',
  };
  const texts = {};
  for (const path of Object.values(paths)) texts[path] = await read(service, path);
  const routes = Object.values(paths).map((path, index) => ({ method: 'GET', url: `/${index}`, text: texts[path] }));
  await withBareFastify(routes, async (bare) => {
    const target = { ...bare, token: service.token };
    for (const [index, [name, path]] of Object.entries(paths).entries()) {
      await bench.row(name, async () =>
        contest(
          bench,
          name,
          { requests: [rawGet(service, path)] },
          {
            'bare Fastify, same bytes': { target, requests: [rawGet(target, `/${index}`)], least: SHARE_OF_FASTIFY },
            ...(index === 0 && (await etcdRead(bench, texts[path]))),
          },
        ),
      );
    }
  });
}

async function etcdRead({ etcd }, text) {
  return etcd && { 'etcd, range over HTTP': { target: etcd, requests: await etcd.reads(text), least: TIMES_ETCD } };
}

async function read({ url, token }, path) {
  const response = await fetch(`${url}/api/v1/${path}`, { headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.text();
}
