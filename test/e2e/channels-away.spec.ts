import { type ChannelSettings, channelSettings } from '#config';
import { skillBody } from '../support/skill.factory.js';
import { type Api, expectError } from './api.js';
import { CallSite, commandId } from './calls.js';
import { type Channel, channelOf, contextOf } from './channels.js';

describe('channels of a Skill that leaves wait', () => {
  let site: CallSite;
  let api: Api;
  beforeAll(async () => {
    site = await CallSite.start({});
    api = site.admin;
  });
  afterAll(async () => {
    await site.stopSkills();
    await site.app.close();
  });

  const register = async (body: object) =>
    (await api.post('/skills/register', body).expect(200)).body.data as { skill_id: string };
  const leave = (skillId: string, body?: object) => api.post(`/skills/${skillId}/unregister`, body);

  const opened = async () => {
    const server = await site.serveOne();
    const { skillId, name } = await site.register([{ url: server.url }]);
    const body = { skill_id: skillId, capability_id: 'forecast', metadata: { purpose: 'travel' } };
    const channel = (await site.agent.post('/channels/create', body).expect(200)).body.data as Channel;
    await site.agent.put(`/channels/${channel.channel_id}/context`, { city: 'Berlin' }).expect(200);
    const registration = { ...skillBody({ endpoints: [{ url: server.url }] }), name };
    return { skillId, channel, id: channel.channel_id, registration };
  };
  const call = (id: string) =>
    site.agent.post('/commands/execute', { command_id: commandId(), channel_id: id, parameters: { city: 'Berlin' } });

  it.each(['with the same id', 'with another id'])('for its return %s', async (how) => {
    const { skillId, channel, id, registration } = await opened();
    await call(id).expect(200);
    await leave(skillId).expect(200);
    expectError(await call(id), 503, 2003);
    const waiting = await channelOf(site.agent, id);
    expect(waiting).toEqual({ ...channel, expiry_time: expect.any(String) });
    const wait = Date.parse(waiting.expiry_time) - Date.now();
    expect([wait > 60_000, wait <= 120_000]).toEqual([true, true]);
    expect((await site.agent.get(`/channels?skill_id=${skillId}&status=open`)).body.data.total).toBe(1);
    await site.agent.put(`/channels/${id}/context`, { more: 'x' }).expect(200);
    // Neither another version nor another owner is the Skill that left.
    await register({ ...registration, version: '9.0.0' });
    expect((await channelOf(site.agent, id)).expiry_time).toBe(waiting.expiry_time);
    const back = await register({ ...registration, ...(how.includes('same') && { skill_id: skillId }) });
    const capability = (await api.get(`/skills/${back.skill_id}`)).body.capabilities[0].capability_id as string;
    const returned = { ...channel, skill_id: back.skill_id, capability_id: capability };
    expect(await channelOf(site.agent, id)).toEqual(returned);
    expect(await contextOf(site.agent, id)).toEqual({ city: 'Berlin', more: 'x' });
    await call(id).expect(200);
    expect(await site.app.database.query('SELECT FROM away_channels WHERE channel_id = $1', [id])).toEqual([]);
  });

  it('under the ids that its owner chose', async () => {
    const capabilities = [{ name: 'forecast', capability_id: 'forecast-1' }];
    const server = await site.serveOne();
    const body = skillBody({ skill_id: `chosen-${commandId()}`, endpoints: [{ url: server.url }], capabilities });
    const { skill_id } = await register(body);
    const ids = { skill_id, capability_id: 'forecast-1' };
    const { channel_id } = (await site.agent.post('/channels/create', ids).expect(200)).body.data as Channel;
    expect(await channelOf(site.agent, channel_id)).toMatchObject(ids);
    await leave(skill_id).expect(200);
    expect(await channelOf(site.agent, channel_id)).toMatchObject(ids);
  });

  it('no longer than CHANNEL_RETURN_WAIT; then they are closed, also when it returns', async () => {
    const { skillId, id, registration } = await opened();
    const settings = site.app.app.get<ChannelSettings>(channelSettings.KEY);
    settings.returnWait = 0;
    await leave(skillId).expect(200);
    settings.returnWait = 120;
    expect(await channelOf(site.agent, id)).toMatchObject({ status: 'closed', closed_at: expect.any(String) });
    await register(registration);
    expectError(await call(id), 409, 1006);
    expect((await channelOf(site.agent, id)).status).toBe('closed');
    expect(await contextOf(site.agent, id)).toEqual({ city: 'Berlin' });
  });

  it('where one of many replicas stays open for calls when another leaves', async () => {
    const { skillId, id, registration } = await opened();
    const second = await site.serveOne();
    await register({ ...registration, endpoints: [{ url: second.url }] });
    await leave(skillId, { endpoint_url: registration.endpoints[0]?.url }).expect(200);
    await call(id).expect(200);
    expect(second.calls).toHaveLength(1);
    // One whose capability does not return waits on.
    await leave(skillId, { endpoint_url: second.url }).expect(200);
    await register({ ...registration, capabilities: [{ name: 'another' }] });
    expectError(await call(id), 503, 2003);
    await site.agent.post(`/channels/${id}/close`).expect(200);
  });
});
