import { commandId, CallSite } from './calls.js';
import { BEHAVIOURS } from '../support/skill-server.js';
import { skillBody } from '../support/skill.factory.js';
import { expectError } from './api.js';
import { EXAMPLES, REFUSED, RESULT, SCHEMA } from './capability-schemas.js';

describe('schemas of capabilities', () => {
  let site: CallSite;
  beforeAll(async () => {
    site = await CallSite.start({ COMMAND_TARGET_MAX_AGE: '0' });
  }, 300_000);
  afterAll(() => site.app.close());
  afterEach(() => site.stopSkills());

  const api = () => site.admin;
  const described = (overrides: object = {}) => [
    { name: 'route', input_schema: SCHEMA, output_schema: RESULT, examples: EXAMPLES, ...overrides },
  ];
  const capabilityOf = async (skillId: string): Promise<Record<string, unknown>> =>
    (await api().get(`/skills/${skillId}`).expect(200)).body.capabilities[0] as Record<string, unknown>;

  it('are answered as they were given: by POST, GET, PUT, PATCH, in lists and in discovery', async () => {
    const sent = skillBody({ capabilities: described() });
    const created = (await api().post('/skills', sent).expect(201)).body;
    const expectSame = (capability: Record<string, unknown>): void => {
      expect(JSON.stringify(capability.input_schema)).toBe(JSON.stringify(SCHEMA));
      expect(JSON.stringify(capability.output_schema)).toBe(JSON.stringify(RESULT));
      expect(capability.examples).toEqual(EXAMPLES);
      expect(capability.parameters).toEqual({
        '10': { type: 'number', required: false, description: '' },
        items: {
          type: 'array',
          required: true,
          description: '',
          items: {
            type: 'object',
            required: false,
            description: '',
            properties: { name: { type: 'string', required: false, description: '', pattern: '^[a-z]+$' } },
          },
        },
        address: {
          type: 'object',
          required: true,
          description: '',
          properties: { city: { type: 'string', required: true, description: '', min_length: 2 } },
        },
        unit: { type: 'string', required: false, default: 'km', description: '', enum: ['km', 'm'] },
        limit: { type: 'integer', required: false, description: 'At most', minimum: 0, maximum: 1e21, nullable: true },
      });
    };
    const id = created.skill_id as string;
    expectSame(created.capabilities[0]);
    expectSame(await capabilityOf(id));
    expectSame((await api().get(`/capabilities?skill_id=${id}`)).body.data.capabilities[0]);
    expectSame((await api().get(`/skills?name=${sent.name}`)).body[0].capabilities[0]);
    expectSame((await api().get(`/skills/discover?name=${sent.name}`)).body.data.skills[0].capabilities[0]);
    expectSame((await api().patch(`/skills/${id}`, { description: 'else' }).expect(200)).body.capabilities[0]);
    expectSame((await api().put(`/skills/${id}`, sent).expect(200)).body.capabilities[0]);
    const bare = await api().put(`/skills/${id}`, { ...sent, capabilities: [{ name: 'route' }] });
    expect(Object.keys(bare.body.capabilities[0])).toEqual(
      expect.not.arrayContaining(['input_schema', 'output_schema', 'examples']),
    );
    expect(bare.body.capabilities[0].parameters).toEqual({});
  });

  it('are made from parameters, and parameters keep their rules', async () => {
    const parameters = {
      city: {
        type: 'string',
        required: true,
        min_length: 2,
        max_length: 40,
        pattern: '^[A-Z]',
        description: 'Its name',
      },
      days: { type: 'integer', minimum: 1, maximum: 7, default: 3, enum: [1, 3, 7] },
      tags: {
        type: 'array',
        nullable: true,
        items: { type: 'object', properties: { key: { type: 'string', required: true } } },
      },
    } as const;
    const sent = skillBody({ capabilities: [{ name: 'plan', parameters } as never] });
    const { skill_id } = (await api().post('/skills/register', sent).expect(200)).body.data;
    expect(await capabilityOf(skill_id)).toMatchObject({
      parameters: {
        city: { ...parameters.city, required: true },
        days: { ...parameters.days, required: false, description: '' },
        tags: { ...parameters.tags, required: false, description: '' },
      },
      input_schema: {
        type: 'object',
        properties: {
          city: { type: 'string', description: 'Its name', minLength: 2, maxLength: 40, pattern: '^[A-Z]' },
          days: { type: 'integer', default: 3, enum: [1, 3, 7], minimum: 1, maximum: 7 },
          tags: {
            type: ['array', 'null'],
            items: {
              type: 'object',
              properties: { key: { type: 'string' } },
              required: ['key'],
              additionalProperties: false,
            },
          },
        },
        required: ['city'],
        additionalProperties: false,
      },
    });
    // What was answered can be sent again.
    const answered = await capabilityOf(skill_id);
    const { capability_id: _id, id: _uuid, skill_id: _skill, category: _none, ...again } = answered;
    await api()
      .patch(`/skills/${skill_id}`, { capabilities: [again] })
      .expect(200);
    expect(await capabilityOf(skill_id)).toMatchObject({
      parameters: answered.parameters,
      input_schema: answered.input_schema,
    });
  });

  it('stay when a registration does not name them; parameters and their schema replace each other', async () => {
    const sent = skillBody({ capabilities: described() });
    const { skill_id } = (await api().post('/skills/register', sent).expect(200)).body.data;
    await api()
      .post('/skills/register', { ...sent, capabilities: [{ name: 'route', description: 'new' }] })
      .expect(200);
    expect(await capabilityOf(skill_id)).toMatchObject({
      description: 'new',
      input_schema: SCHEMA,
      output_schema: RESULT,
      examples: EXAMPLES,
    });
    const plain = { name: 'route', parameters: { city: { type: 'string' } } };
    await api()
      .post('/skills/batch', { skills: [{ ...sent, capabilities: [plain] }] })
      .expect(200);
    expect(await capabilityOf(skill_id)).toMatchObject({
      parameters: { city: { type: 'string' } },
      input_schema: { properties: { city: { type: 'string' } } },
      output_schema: RESULT,
    });
    // Two bodies of one Skill in one batch.
    const both = [
      { ...sent, capabilities: [plain] },
      { ...sent, capabilities: described({ examples: ['Where to?'] }) },
    ];
    await api().post('/skills/batch', { skills: both }).expect(200);
    const last = await capabilityOf(skill_id);
    expect(last).toMatchObject({ input_schema: SCHEMA, examples: ['Where to?'] });
    expect(Object.keys(last.parameters as object)).not.toContain('city');
  });

  it('are left out of lists if they are large, and answered in full by id', async () => {
    const input_schema = { type: 'object', description: 'x'.repeat(60_000) };
    const sent = skillBody({ capabilities: described({ input_schema }) });
    const { skill_id } = (await api().post('/skills', sent).expect(201)).body;
    expect(await capabilityOf(skill_id)).toMatchObject({ input_schema });
    expect((await api().get(`/capabilities?skill_id=${skill_id}`)).body.data.capabilities[0]).toMatchObject({
      input_schema,
    });
    for (const capability of [
      (await api().get(`/skills?name=${sent.name}`)).body[0].capabilities[0],
      (await api().get(`/skills/discover?name=${sent.name}`)).body.data.skills[0].capabilities[0],
    ]) {
      expect(capability).toMatchObject({ output_schema: RESULT, examples: EXAMPLES });
      expect(capability).not.toHaveProperty('input_schema');
    }
  });

  it.each(REFUSED)('are refused at every door with all faults: %j', async (overrides, fault) => {
    const sent = skillBody({ capabilities: described(overrides) });
    expect(expectError(await api().post('/skills', sent), 400, 1001)).toEqual([fault]);
    expect(expectError(await api().post('/skills/register', sent), 400, 1001)).toEqual([fault]);
    const { body } = await api()
      .post('/skills/batch', { skills: [sent, skillBody()] })
      .expect(200);
    expect(body.data.results).toEqual([
      expect.objectContaining({ status: 'failed', code: 1001, message: expect.stringContaining(fault) }),
      expect.objectContaining({ status: 'created' }),
    ]);
    const { skill_id } = body.data.results[1];
    expect(expectError(await api().put(`/skills/${skill_id}`, sent), 400, 1001)).toEqual([fault]);
    expect(
      expectError(await api().patch(`/skills/${skill_id}`, { capabilities: sent.capabilities }), 400, 1001),
    ).toEqual([fault]);
  });

  it('take 32 levels in a batch, and no more', async () => {
    const nested = (levels: number): object => (levels === 1 ? {} : { not: nested(levels - 1) });
    const skills = [32, 33].map((levels) => skillBody({ capabilities: described({ input_schema: nested(levels) }) }));
    const { body } = await api().post('/skills/batch', { skills }).expect(200);
    expect(body.data.results).toMatchObject([
      { status: 'created' },
      { status: 'failed', message: expect.stringContaining('nests deeper than 32 levels') },
    ]);
  });

  describe('in calls', () => {
    const GOOD = { address: { city: 'Berlin' }, items: [{ name: 'a' }] };
    const call = (skillId: string, parameters: object) =>
      site.agent.post('/commands/execute', {
        command_id: commandId(),
        skill_id: skillId,
        capability_id: 'route',
        parameters,
      });

    it('decide what is taken, list all faults, and add defaults', async () => {
      const [skill] = await site.serve(BEHAVIOURS.echo);
      const { skillId } = await site.register([{ url: skill?.url ?? '' }], { capabilities: described() });
      await call(skillId, GOOD).expect(200);
      expect(skill?.calls[0]?.body).toMatchObject({ parameters: { ...GOOD, unit: 'km' } });
      const bad = { address: { city: 1 }, items: [{}, { name: 'A' }], unit: 'mile', limit: 1.5, other: 1 };
      const faults = [
        'parameters.address.city must be a string',
        'parameters.items.1.name must match ^[a-z]+$',
        'parameters.limit must be a whole number or null',
        'parameters.other is not a parameter of this capability',
        'parameters.unit must be one of "km", "m"',
      ];
      expect(expectError(await call(skillId, bad), 400, 1001).toSorted()).toEqual(faults);
      const command = { command_id: commandId(), skill_id: skillId, capability_id: 'route', parameters: bad };
      const { body } = await site.agent.post('/commands/batch', { commands: [command] }).expect(200);
      for (const fault of faults) expect(body.data.results[0].message).toContain(fault);
      const { body: channel } = await site.agent.post('/channels/create', {
        skill_id: skillId,
        capability_id: 'route',
      });
      const through = { command_id: commandId(), channel_id: channel.data.channel_id, parameters: bad };
      expect(expectError(await site.agent.post('/commands/execute', through), 400, 1001).toSorted()).toEqual(faults);
      expect(skill?.calls).toHaveLength(1);
    });

    it('and rules of parameters: nested faults have their place', async () => {
      const [skill] = await site.serve(BEHAVIOURS.echo);
      const parameters = {
        address: { type: 'object', required: true, properties: { city: { type: 'string', required: true } } },
        days: { type: 'integer', minimum: 1, default: 3 },
      };
      const { skillId } = await site.register([{ url: skill?.url ?? '' }], {
        capabilities: [{ name: 'route', parameters } as never],
      });
      await call(skillId, { address: { city: 'Rome' } }).expect(200);
      expect(skill?.calls[0]?.body).toMatchObject({ parameters: { address: { city: 'Rome' }, days: 3 } });
      expect(expectError(await call(skillId, { address: { zip: 1 }, days: 0 }), 400, 1001).toSorted()).toEqual([
        'parameters.address.city is required',
        'parameters.address.zip is unknown',
        'parameters.days must not be under 1',
      ]);
    });

    it('end at a limit of work', async () => {
      const [skill] = await site.serve(BEHAVIOURS.echo);
      const twice = { properties: { c: { $ref: '#' } } };
      const { skillId } = await site.register([{ url: skill?.url ?? '' }], {
        capabilities: [{ name: 'route', input_schema: { allOf: [twice, twice] } }],
      });
      const tree = (levels: number): object => (levels === 0 ? {} : { c: tree(levels - 1) });
      await call(skillId, tree(5)).expect(200);
      expect(expectError(await call(skillId, tree(30)), 400, 1001)).toEqual([
        'parameters take too long to check against the input_schema',
      ]);
    });

    it('a result that does not fit is counted, and the caller gets it', async () => {
      const [skill] = await site.serve(BEHAVIOURS.echo);
      const unfit = async () =>
        Number(/^command_unfit_results_total (\d+)$/m.exec((await site.app.http.get('/metrics')).text)?.[1]);
      const { skillId } = await site.register([{ url: skill?.url ?? '' }], {
        capabilities: [{ name: 'route', output_schema: RESULT }],
      });
      const before = await unfit();
      expect((await call(skillId, { km: 1 }).expect(200)).body.data.result).toEqual({ km: 1 });
      expect(await unfit()).toBe(before);
      expect((await call(skillId, { km: 'far' }).expect(200)).body.data).toMatchObject({
        status: 'completed',
        result: { km: 'far' },
      });
      expect(await unfit()).toBe(before + 1);
    });
  });
});
