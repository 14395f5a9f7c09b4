/*
 * What it costs to call a Skill through the registry: the same calls at the same rate, through it and directly, side by
 * side.
 *
 *   node test/bench/commands.mjs [--rate 500] [--seconds 60] [--redis] [--core 0] [--profile folder]
 *
 * Every call is recorded as ever. --core pins the service. Ends with a status of 1 when it went wrong.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BenchSite } from './bench-site.mjs';
import { HttpLoad, rawPost } from './http-load.mjs';

// Each is busy now and then: one that never sends anything is cut off after ten seconds.
const CONNECTIONS = 16;
const WARM_UP_S = 5;
const PACE_MS = 1;
const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '60' },
    core: { type: 'string' },
    redis: { type: 'boolean', default: false },
    profile: { type: 'string' },
  },
});
const rate = Number(values.rate);
const seconds = Number(values.seconds);

const skill = spawn(process.execPath, [join(import.meta.dirname, 'echo-skill.mjs')], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const [line] = await once(skill.stdout, 'data');
const skillPort = Number(line.toString());
const env = { OUTBOUND_ALLOWED_CIDRS: '127.0.0.0/8' };
const site = await BenchSite.start({ redis: values.redis, core: values.core, profile: values.profile, env });
try {
  const { skill_id } = await site.post('skills/register', {
    name: 'echo',
    version: '1.0.0',
    endpoints: [{ url: `http://127.0.0.1:${skillPort}` }],
    capabilities: [{ name: 'echo', parameters: { city: { type: 'string', required: true } } }],
  });
  await compare(skill_id, 'warm-up', WARM_UP_S);
  const { through, direct, cpu } = await compare(skill_id, 'measured', seconds);
  const at = ({ latencies }, share) => latencies[Math.floor(share * (latencies.length - 1))] ?? NaN;
  const rows = [0.5, 0.95, 0.99].map((share) => {
    const [ours, theirs] = [at(through, share), at(direct, share)];
    return [`p${share * 100}`, theirs.toFixed(2), ours.toFixed(2), (ours - theirs).toFixed(2)];
  });
  console.log(`${rate} calls a second each way for ${seconds} s, in milliseconds`);
  for (const row of [['', 'direct', 'through', 'added'], ...rows])
    console.log(row.map((cell) => cell.padStart(9)).join(''));
  const share = (used) => `${((100 * used) / seconds).toFixed(0)} % of a core`;
  console.log(
    `service ${share(cpu.service)}, PostgreSQL ${share(cpu.postgres)}, the whole machine ${share(cpu.machine)}`,
  );
  console.log(
    `answers ${through.latencies.length} and ${direct.latencies.length}; others ${JSON.stringify([through.failures, direct.failures])}`,
  );
} finally {
  await site.stop();
  skill.kill();
}

async function compare(skillId, name, duration) {
  const bodies = Array.from({ length: rate * duration }, (_, n) => ({
    command_id: `${name}-${n}`,
    skill_id: skillId,
    capability_id: 'echo',
    parameters: { city: 'Berlin' },
  }));
  const loads = [site, { port: skillPort, token: site.token }].map(
    (target) =>
      new HttpLoad(
        bodies.map((body) => rawPost(target, 'commands/execute', body)),
        duration * 1000,
        PACE_MS,
      ),
  );
  await Promise.all([loads[0].open(site.port, CONNECTIONS), loads[1].open(skillPort, CONNECTIONS)]);
  const before = site.cpu();
  await Promise.all(loads.map((load) => load.run(duration * 1000)));
  const after = site.cpu();
  const [through, direct] = loads.map((load) => load.take());
  for (const load of loads) load.close();
  const used = (part) => after[part] - before[part];
  return { through, direct, cpu: { service: used('service'), postgres: used('postgres'), machine: used('machine') } };
}
