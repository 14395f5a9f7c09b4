/* global fetch */
import { spawn, spawnSync } from 'node:child_process';
import { Buffer } from 'node:buffer';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pinned, placement } from '../site/placement.mjs';
import { freePort } from '../../../scripts/free-port.mjs';
import { answering, stopped } from '../site/processes.mjs';
import { rawRequest } from '../load/raw-http.mjs';

/** First line of `etcd --version`; undefined if etcd is not on the PATH. */
export function etcdVersion() {
  const { status, stdout } = spawnSync('etcd', ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n', 1)[0] : undefined;
}

/** An etcd with one node on the core of the service, called over its HTTP gateway. */
export class Etcd {
  #folder = mkdtempSync(join(tmpdir(), 'ooder-etcd-'));
  #child;

  static async start() {
    const etcd = new Etcd();
    const [port, peerPort] = [await freePort(), await freePort()];
    const [url, peerUrl] = [port, peerPort].map((number) => `http://127.0.0.1:${number}`);
    etcd.port = port;
    const [file, ...args] = pinned(placement.server, [
      ...['etcd', '--name', 'bench', '--data-dir', etcd.#folder, '--log-level', 'error'],
      ...['--listen-client-urls', url, '--advertise-client-urls', url, '--listen-peer-urls', peerUrl],
      ...['--initial-advertise-peer-urls', peerUrl, '--initial-cluster', `bench=${peerUrl}`],
    ]);
    etcd.#child = spawn(file, args, { stdio: 'ignore' });
    try {
      await answering(etcd.#child, async () => (await fetch(`${url}/health`)).ok);
    } catch (error) {
      await etcd.stop();
      throw error;
    }
    return etcd;
  }

  /** Requests that keep `count` leases alive. */
  async keepAlives(count) {
    const ids = await Promise.all(
      Array.from({ length: count }, async () => (await this.#ask('lease/grant', { TTL: 3600 })).ID),
    );
    return ids.map((ID) => rawRequest(this, 'POST', '/v3/lease/keepalive', { ID }));
  }

  /** Requests that read one key with this text. */
  async reads(text) {
    const base64 = (value) => Buffer.from(value).toString('base64');
    await this.#ask('kv/put', { key: base64('skill'), value: base64(text) });
    return [rawRequest(this, 'POST', '/v3/kv/range', { key: base64('skill') })];
  }

  async #ask(path, body) {
    const response = await fetch(`http://127.0.0.1:${this.port}/v3/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`etcd, ${path}: ${response.status}`);
    return response.json();
  }

  async stop() {
    await stopped(this.#child);
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
