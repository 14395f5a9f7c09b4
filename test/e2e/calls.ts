import type { Test } from 'supertest';
import { BEHAVIOURS, type Behaviour, SkillServer } from '../support/skill-server.js';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf } from './api.js';

type Overrides = NonNullable<Parameters<typeof skillBody>[0]>;

export interface CallableSkill {
  skillId: string;
  capabilityId: string;
  name: string;
}

let number = 0;

/** One that no call had before. */
export function commandId(): string {
  number += 1;
  return `command-${process.pid}-${number}`;
}

/** The service, an agent who calls through it, and Skills that do as they are told. */
export class CallSite {
  private skills: SkillServer[] = [];

  private constructor(
    readonly app: TestApp,
    readonly admin: Api,
    readonly agent: Api,
    readonly agentId: string,
  ) {}

  static async start(env: Record<string, string>): Promise<CallSite> {
    const app = await startTestApp({ env });
    const { clientId, token } = await app.client('agent');
    return new CallSite(app, apiOf(app), apiOf(app, token), clientId);
  }

  async serve(...behaviours: Behaviour[]): Promise<SkillServer[]> {
    const started = await Promise.all(behaviours.map((behaviour) => SkillServer.start(behaviour)));
    this.skills.push(...started);
    return started;
  }

  /** One endpoint that answers with what it was given. */
  async serveOne(behaviour: Behaviour = BEHAVIOURS.echo): Promise<SkillServer> {
    const skill = await SkillServer.start(behaviour);
    this.skills.push(skill);
    return skill;
  }

  async stopSkills(): Promise<void> {
    await Promise.all(this.skills.map((skill) => skill.stop()));
    this.skills = [];
  }

  /** A Skill with the capability `forecast`, unless it has others. */
  async register(endpoints: Overrides['endpoints'], overrides: Overrides = {}): Promise<CallableSkill> {
    const body = skillBody({ endpoints, ...overrides });
    const registered = await this.admin.post('/skills/register', body).expect(200);
    const skillId = registered.body.data.skill_id as string;
    const { capabilities } = (await this.admin.get(`/skills/${skillId}`).expect(200)).body as {
      capabilities: { capability_id: string }[];
    };
    return { skillId, capabilityId: capabilities[0]?.capability_id ?? '', name: body.name };
  }

  execute(skillId: string, overrides: object = {}, api: Api = this.agent): Test {
    return api.post('/commands/execute', {
      command_id: commandId(),
      skill_id: skillId,
      capability_id: 'forecast',
      parameters: { city: 'Berlin' },
      ...overrides,
    });
  }
}
