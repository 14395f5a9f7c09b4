import { ADMIN_SECRET, startTestApp, type TestApp } from '../support/test-app.js';
import { apiOf, TIME, UUID } from './api.js';

/** The body of the deployment guide's section 5.2, as it stands there. */
const GUIDE_BODY =
  '{"name": "weather-skill", "description": "Weather forecast skill", "version": "1.0.0", "endpoints": [{"url": "http://localhost:8001", "protocol": "http", "weight": 1}]}';

describe("the deployment guide's own lines (sections 5.1 and 5.2)", () => {
  let app: TestApp;
  beforeEach(async () => (app = await startTestApp()));
  afterEach(() => app.close());

  it('answers GET /health without a token', async () => {
    const { body } = await app.http.get('/health').expect(200);
    expect(body).toMatchObject({
      status: expect.stringMatching(/^(healthy|warning)$/),
      version: '0.6.0',
      uptime: expect.any(Number),
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/),
    });
    await app.http.get('/health/').expect(200);
  });

  it.each([
    ['as the guide writes it', '/skills/'],
    ['without the trailing slash', '/skills'],
  ])('creates, lists and reads a Skill %s', async (_, path) => {
    const created = await apiOf(app)
      .post(path)
      .set('content-type', 'application/json')
      .send(GUIDE_BODY)
      .expect(201)
      .expect('content-type', /^application\/json/);
    const id = created.body.skill_id as string;
    const skill = {
      skill_id: expect.stringMatching(UUID),
      id,
      name: 'weather-skill',
      description: 'Weather forecast skill',
      version: '1.0.0',
      status: 'active',
      owner: 'admin',
      generation: expect.any(Number),
      endpoints: [
        {
          endpoint_id: expect.stringMatching(UUID),
          url: 'http://localhost:8001',
          protocol: 'http',
          weight: 1,
          status: 'active',
          health: 'healthy',
          parameters: {},
        },
      ],
      capabilities: [],
      metadata: {},
      tags: [],
      deprecated: false,
      space_id: null,
      registered_at: expect.stringMatching(TIME),
      last_heartbeat: null,
      created_at: expect.stringMatching(TIME),
      updated_at: expect.stringMatching(TIME),
    };
    expect(created.body).toEqual(skill);
    expect(created.headers.location).toBe(`/api/v1/skills/${id}`);
    expect((await apiOf(app).get(path).expect(200)).body).toEqual([created.body]);
    expect((await apiOf(app).get(`/skills/${id}`).expect(200)).body).toEqual(created.body);
    expect((await apiOf(app).get(`/skills/${id}/`).expect(200)).body).toEqual(created.body);
  });

  it('refuses the same lines without a token', async () => {
    await app.http.post('/api/v1/skills/').set('content-type', 'application/json').send(GUIDE_BODY).expect(401);
    await app.http.get('/api/v1/skills/').expect(401);
  });

  it('gives a token for the form that curl -d sends', async () => {
    const { body } = await app.http
      .post('/api/v1/auth/token/')
      .type('form')
      .send(`grant_type=client_credentials&client_id=admin&client_secret=${ADMIN_SECRET}`)
      .expect(200);
    expect(body).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token: expect.stringMatching(/^[\w-]{36}\.[\w-]{43}$/),
      scope: expect.stringContaining('skill:register'),
    });
    await apiOf(app, body.access_token).get('/skills').expect(200);
  });
});
