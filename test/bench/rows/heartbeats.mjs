import { withBareFastify } from '../baseline/bare-fastify.mjs';
import { contest } from '../contest.mjs';
import { rawPost, rawRequest } from '../load/raw-http.mjs';
import { urlOf } from '../seed.mjs';

const SHARE_OF_FASTIFY = { 'in-process': 0.5, Redis: 0.45 };
const TIMES_ETCD = 2;
/** Members that send heartbeats in turn. */
const MEMBERS = 10_000;

/** Single heartbeats as fast as possible, against Fastify with a body and an answer of the same size, and etcd's keep-alive. */
export async function heartbeats(bench, store) {
  const { service, ids, etcd } = bench;
  const name = `heartbeat, ${store}`;
  await bench.row(name, async () => {
    const members = ids.slice(0, MEMBERS);
    const bodyOf = (index) => ({ endpoint_url: urlOf(index) });
    const requests = members.map((id, index) => rawPost(service, `skills/${id}/heartbeat`, bodyOf(index)));
    const object = await service.call(`skills/${members[0]}/heartbeat`, bodyOf(0));
    return withBareFastify([{ method: 'POST', url: '/heartbeat', object }], async (bare) => {
      const target = { ...bare, token: service.token };
      const theirs = members.map((_, index) => rawRequest(target, 'POST', '/heartbeat', bodyOf(index)));
      return contest(
        bench,
        name,
        { requests },
        {
          'bare Fastify POST': { target, requests: theirs, least: SHARE_OF_FASTIFY[store] },
          ...(etcd && {
            'etcd, keep-alive over HTTP': {
              target: etcd,
              requests: await etcd.keepAlives(1000),
              least: TIMES_ETCD,
            },
          }),
        },
      );
    });
  });
}
