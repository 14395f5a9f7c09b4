import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { NUMBER, rawPost } from './load/raw-http.mjs';
import { HELPER_NODE, stopped } from './site/processes.mjs';

// Each connection sends now and then: the service closes one that sends nothing for ten seconds.
const CONNECTIONS = 16;
const PACE_MS = 1;

/** Calls a Skill that does almost nothing, through the registry and directly, at the same time and rate. */
export class CallComparison {
  #generator;
  #site;
  #skill;
  #skillPort;
  #skillId;

  /** The service must be allowed to call the loopback. */
  static async start(generator, site) {
    const comparison = new CallComparison();
    comparison.#generator = generator;
    comparison.#site = site;
    const stdio = ['ignore', 'pipe', 'inherit'];
    const [node, ...options] = HELPER_NODE;
    comparison.#skill = spawn(node, [...options, join(import.meta.dirname, 'echo-skill.mjs')], { stdio });
    try {
      const [line] = await once(comparison.#skill.stdout, 'data');
      comparison.#skillPort = Number(line.toString());
      const { skill_id } = await site.post('skills/register', {
        name: 'echo',
        version: '1.0.0',
        endpoints: [{ url: `http://127.0.0.1:${comparison.#skillPort}` }],
        capabilities: [{ name: 'echo', parameters: { city: { type: 'string', required: true } } }],
      });
      comparison.#skillId = skill_id;
    } catch (error) {
      await comparison.stop();
      throw error;
    }
    return comparison;
  }

  /**
   * Makes `rate` calls a second each way. Each is a new call and is recorded as usual. They are numbered
   * in the process that sends them: numbering thousands of them here would cause garbage collection on a core that is measured.
   */
  async compare(rate, durationMs) {
    const call = {
      command_id: `${randomUUID()}-${NUMBER}`,
      skill_id: this.#skillId,
      capability_id: 'echo',
      parameters: { city: 'Berlin' },
    };
    const options = { periodMs: 1000 / rate, paceMs: PACE_MS, connections: CONNECTIONS };
    const targets = [this.#site.service, { port: this.#skillPort, token: this.#site.token }];
    const loads = [];
    for (const target of targets) {
      loads.push(await this.#generator.prepare(target, [rawPost(target, 'commands/execute', call)], options));
    }
    const before = this.#site.cpu();
    const [through, direct] = await Promise.all(loads.map((load) => load(durationMs)));
    const after = this.#site.cpu();
    for (const load of loads) await load.close();
    const used = (part) => after[part] - before[part];
    return { through, direct, cpu: { service: used('service'), postgres: used('postgres'), machine: used('machine') } };
  }

  stop() {
    return stopped(this.#skill);
  }
}
