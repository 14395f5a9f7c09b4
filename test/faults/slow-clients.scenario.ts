import { setTimeout as delay } from 'node:timers/promises';
import { scenario } from './scenario.js';
import { FaultSite } from './site/fault-site.js';
import { SlowClients } from './site/slow-clients.js';

const IDLE = 1_000;
const SLOW = 50;
const REQUEST_TIMEOUT_S = 12;
/** The time-out, the interval in which connections are checked (5 s), and a reserve for a busy machine. */
const CUT_WITHIN_MS = (REQUEST_TIMEOUT_S + 15) * 1000;

scenario(
  {
    name: 'slow-clients',
    promise: `no request of others fails; a request that is not complete after APP_REQUEST_TIMEOUT (here ${REQUEST_TIMEOUT_S} s) is cut off`,
    fault: `${IDLE} idle connections, ${SLOW} that send headers and ${SLOW} that send a body byte by byte`,
    withinS: 150,
  },
  async (findings) => {
    const site = await FaultSite.start(findings, { env: { APP_REQUEST_TIMEOUT: String(REQUEST_TIMEOUT_S) } });
    const [{ url } = { url: '' }] = site.services;
    const clients = new SlowClients(new URL(url));
    findings.atEnd(() => {
      clients.close();
    });
    await clients.idle(IDLE);
    await clients.slow(SLOW, 'headers');
    await clients.slow(SLOW, 'body');
    findings.figures({ connections: clients.standing });
    await delay(2_000);
    const cutAfter = await clients.cutOffWithin(2 * SLOW, CUT_WITHIN_MS);
    if (cutAfter === undefined) findings.violations.add('not cut off', `after ${CUT_WITHIN_MS} ms`);
    findings.figures({ 'cut off after s': (cutAfter ?? CUT_WITHIN_MS) / 1000 });
    site.expectNothingFailed();
    await site.check();
  },
);
