import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { NUMBER, rawPost } from './load/raw-http.mjs';
import { HELPER_NODE, stopped } from './site/processes.mjs';

// Each is busy now and then: one that never sends anything is cut off after ten seconds.
const CONNECTIONS = 16;
const PACE_MS = 1;

/** Calls of a Skill that does next to nothing, through the registry and directly, side by side at the same rate. */
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
   * So many calls a second each way, for so long. Every one is another call, and is recorded as ever. They are numbered
   * where they are sent: thousands of them made here would be collected here, on a core that is measured.
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
