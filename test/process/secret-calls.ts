import { answer, BEHAVIOURS, type Behaviour, SkillServer } from '../support/skill-server.js';
import type { SecretRun } from './secret-run.js';

const CAPABILITY = 'translate';
const SENTENCE = 'a-sentence-that-is-nobody-elses-business';
const NOTE = 'a-note-that-goes-with-the-sentence';
const MEMORY = 'what-the-channel-is-to-remember';

/** Calls a Skill whose endpoint asks for secrets, with what people would not like to find in a log. */
export class SecretCalls {
  /** What callers and Skills say to each other: it is kept with executions and channels, and nowhere else. */
  static readonly PAYLOADS = [SENTENCE, NOTE, MEMORY];

  private constructor(
    private readonly run: SecretRun,
    private readonly skill: SkillServer,
    private readonly skillId: string,
  ) {}

  static async make(run: SecretRun): Promise<SkillServer> {
    const authorization = run.know('authorization', `Bearer of-the-skill-${'s'.repeat(20)}`);
    const path = run.know('invoke path', '/hooks/a-path-that-only-the-registry-knows');
    const skill = await SkillServer.start();
    const parameters = {
      authorization: { value: authorization, secret: true },
      invoke_path: { value: path, secret: true },
    };
    const { skill_id = '' } = await run.good('/skills/', {
      json: {
        name: 'secretive',
        version: '1.0.0',
        capabilities: [{ name: CAPABILITY, version: '1.0.0' }],
        endpoints: [
          { url: skill.url, parameters },
          { url: skill.url.replace('http:', 'ws:'), protocol: 'ws', parameters },
        ],
      },
      headers: run.bearer(),
    });
    const calls = new SecretCalls(run, skill, skill_id);
    await calls.all();
    return skill;
  }

  /** Well, and in every way in which a Skill can fail. */
  private async all(): Promise<void> {
    const refuses = { code: 'E1', message: 'I do not know this token' };
    const behaviours: Behaviour[] = [
      BEHAVIOURS.echo,
      answer({ code: 0, data: { status: 'failed', error: refuses } }),
      answer(refuses, 401),
      BEHAVIOURS.fails,
      BEHAVIOURS.resets,
      BEHAVIOURS.breaksOff,
      BEHAVIOURS.babbles,
      BEHAVIOURS.redirects,
      BEHAVIOURS.hangs,
    ];
    for (const [number, behaviour] of behaviours.entries()) {
      this.skill.behaviour = behaviour;
      for (const [part, json] of [
        ['execute', this.command(`call-${number}`)],
        ['batch', { commands: [this.command(`batch-${number}`)] }],
      ] as const) {
        await this.run.send(`/commands/${part}`, { json, headers: this.run.bearer() });
      }
    }
    this.skill.behaviour = BEHAVIOURS.echo;
    await this.throughChannel();
    await this.reads();
  }

  private async throughChannel(): Promise<void> {
    const headers = this.run.bearer();
    const json = { skill_id: this.skillId, capability_id: CAPABILITY };
    const opened = (await this.run.good('/channels/create', { json, headers })) as { data?: unknown };
    const { channel_id } = opened.data as { channel_id: string };
    await this.run.good(`/channels/${channel_id}/context`, { method: 'PUT', json: { memory: MEMORY }, headers });
    const { parameters, metadata } = this.command('');
    const command = { command_id: 'through', channel_id, parameters, metadata };
    await this.run.send('/commands/execute', { json: command, headers });
    // What is wrong with it, and under a name that is taken.
    await this.run.send('/commands/execute', { json: { ...command, timeout: 'soon' }, headers });
    await this.run.send('/commands/execute', { json: { ...command, metadata: { note: `${NOTE}!` } }, headers });
  }

  private async reads(): Promise<void> {
    for (const path of [
      '/commands/executions',
      `/skills/${this.skillId}`,
      '/channels',
      `/skills/${this.skillId}/status`,
    ])
      await this.run.send(path, { headers: this.run.bearer() });
  }

  private command(command_id: string) {
    return {
      command_id,
      skill_id: this.skillId,
      capability_id: CAPABILITY,
      parameters: { sentence: SENTENCE },
      metadata: { note: NOTE },
      timeout: 500,
    };
  }
}
