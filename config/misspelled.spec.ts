import { SETTING_VARIABLES } from '#config';
import { findMisspelled } from './misspelled.js';

/** Of shells, CI, Docker, Kubernetes and other programs. */
const COMMON_VARIABLES = [
  ...'HOME PATH SHELL USER LANG LC_ALL LC_CTYPE TERM TERM_PROGRAM COLORTERM EDITOR PAGER PWD OLDPWD SHLVL LOGNAME MAIL HOSTNAME TZ'.split(
    ' ',
  ),
  ...'XDG_DATA_DIR XDG_DATA_DIRS XDG_CONFIG_HOME XDG_RUNTIME_DIR SSH_AUTH_SOCK SSH_CONNECTION SUDO_USER DISPLAY'.split(
    ' ',
  ),
  ...'CI CI_JOB_ID CI_API_V4_URL CI_PROJECT_NAME CI_SERVER_HOST CI_SERVER_PORT CI_REGISTRY_USER GITHUB_TOKEN GITHUB_API_URL GITHUB_ENV'.split(
    ' ',
  ),
  ...'GITHUB_SERVER_URL RUNNER_NAME RUNNER_DEBUG BUILD_ID BUILD_URL JOB_NAME NODE_NAME JENKINS_URL GIT_COMMIT TRAVIS_BRANCH'.split(
    ' ',
  ),
  ...'NODE_PATH NODE_OPTIONS NODE_VERSION NODE_EXTRA_CA_CERTS NODE_DEBUG NODE_TLS_REJECT_UNAUTHORIZED NVM_DIR YARN_VERSION'.split(
    ' ',
  ),
  ...'npm_config_cache npm_lifecycle_event npm_package_name npm_package_version npm_execpath npm_node_execpath INIT_CWD'.split(
    ' ',
  ),
  ...'DOCKER_HOST DOCKER_TLS_VERIFY DOCKER_CERT_PATH COMPOSE_PROJECT_NAME POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB PGDATA PGHOST'.split(
    ' ',
  ),
  ...'KUBERNETES_PORT KUBERNETES_SERVICE_HOST KUBERNETES_SERVICE_PORT KUBERNETES_PORT_443_TCP_ADDR KUBERNETES_PORT_443_TCP'.split(
    ' ',
  ),
  ...'POD_NAME POD_IP POD_NAMESPACE SERVICE_NAME REDIS_HOST REDIS_PORT REDIS_SERVICE_PORT REDIS_PORT_6379_TCP_PORT REDIS_PASSWORD'.split(
    ' ',
  ),
  ...'APP_ENV APP_HOME APP_ROOT APP_DIR APP_KEY APP_URL APP_SECRET LOG_DIR LOG_PATH LOG_FORMAT LOGLEVEL DATABASE_USER DATABASE_SSL'.split(
    ' ',
  ),
  ...'DATABASE_HOST DATABASE_PORT DATABASE_NAME DATABASE_PASSWORD DB_URL SSL_CERT_FILE SSL_CERT_DIR HTTP_PROXY HTTPS_PROXY NO_PROXY'.split(
    ' ',
  ),
  ...'http_proxy https_proxy no_proxy OTEL_LOGS_EXPORTER OTEL_METRICS_EXPORTER OTEL_BLRP_SCHEDULE_DELAY OTEL_LOG_LEVEL'.split(
    ' ',
  ),
  ...'OTEL_EXPORTER_OTLP_LOGS_ENDPOINT OTEL_EXPORTER_OTLP_METRICS_ENDPOINT OTEL_EXPORTER_OTLP_TRACES_TIMEOUT OTEL_PROPAGATORS'.split(
    ' ',
  ),
  ...'AWS_REGION AWS_PROFILE AZURE_CLIENT_ID AZURE_CLIENT_SECRET GOOGLE_CLOUD_PROJECT SKILL_REGISTRY_URL SKILL_REGISTRY_API_KEY'.split(
    ' ',
  ),
  ...'SKILL_REGISTRY_CLIENT_ID SKILL_REGISTRY_CLIENT_SECRET SAMPLE_SKILL_PORT SAMPLE_SKILL_HOST SAMPLE_SKILL_URL'.split(
    ' ',
  ),
];

describe('findMisspelled', () => {
  const find = (env: Record<string, string>): string[] => findMisspelled(env, SETTING_VARIABLES);
  const findNames = (...names: string[]): string[] => find(Object.fromEntries(names.map((name) => [name, 'x'])));

  it.each([
    ['APP_PROT', 'APP_PORT'],
    ['DATABSE_URL', 'DATABASE_URL'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['RATE_LIMIT_READ', 'RATE_LIMIT_READS'],
    ['AI_BRIGDE_REGISTRY_URL', 'AI_BRIDGE_REGISTRY_URL'],
    ['SECURITY_JWTSECRET', 'SECURITY_JWT_SECRET'],
    ['log_level', 'LOG_LEVEL'],
  ])('names the setting that %s resembles', (name, setting) => {
    expect(findNames(name)).toEqual([`${name} is no setting: did you mean ${setting}?`]);
  });

  it('is silent about settings, about variables of other programs, and about links to services', () => {
    expect(findNames(...SETTING_VARIABLES, ...COMMON_VARIABLES)).toEqual([]);
    const links = { APM_PORT: 'tcp://10.0.0.1:80', APM_NAME: '/web/apm', APQ_SERVICE_HOST: '10.0.0.2', APQ_HOST: 'x' };
    expect(find(links)).toEqual([]);
  });

  it('lists no more than a screen holds', () => {
    const many = findNames(...Array.from({ length: 30 }, (_, n) => `APP_PORT${String.fromCharCode(65 + n)}`));
    expect([many.length, many.at(-1)]).toEqual([21, '10 more variables look like settings']);
  });
});
