import { AppSettings, SETTING_VARIABLES } from '#config';
import { ensureBinary } from '../support/system-package.js';
import { type KubernetesObject, renderKustomization, unknownFields, validateObject } from './kubernetes-objects.js';

interface Container {
  image: string;
  env?: { name: string }[];
  securityContext: Record<string, unknown>;
  resources: { limits?: { memory?: string } };
  readinessProbe?: { httpGet?: { path: string } };
  livenessProbe?: { httpGet?: { path: string } };
  lifecycle?: { preStop: { exec: { command: string[] } } };
}

interface PodSpec {
  securityContext: Record<string, unknown>;
  terminationGracePeriodSeconds?: number;
  containers: Container[];
}

type Workload = KubernetesObject & { spec: { template: { spec: PodSpec } } };

const FOLDERS = ['base', 'migration', 'overlays/dev', 'overlays/production'];
/** Pools and the log, after the requests (apps/skill-service/src/lifecycle.ts). */
const CLOSE_SECONDS = 6;

const isWorkload = (object: KubernetesObject): object is Workload => ['Deployment', 'Job'].includes(object.kind);

describe('deploy/kubernetes', () => {
  const rendered = new Map<string, KubernetesObject[]>();

  beforeAll(() => {
    const kubectl = ensureBinary(['kubectl'], ['kubernetes-client', 'kubectl']);
    for (const folder of FOLDERS) rendered.set(folder, renderKustomization(kubectl, `deploy/kubernetes/${folder}`));
  });

  it('renders the kinds that each place needs', () => {
    const kinds = (folder: string): string[] => (rendered.get(folder) ?? []).map(({ kind }) => kind).sort();
    const base = ['ConfigMap', 'Deployment', 'NetworkPolicy', 'PodDisruptionBudget', 'Service', 'ServiceAccount'];
    expect(kinds('base')).toEqual(base);
    expect(kinds('migration')).toEqual(['Job', 'NetworkPolicy']);
    expect(kinds('overlays/production')).toEqual(
      [...base, 'HorizontalPodAutoscaler', 'Namespace', 'ServiceMonitor'].sort(),
    );
  });

  it('holds to the schema of the API, without a field that it does not know', async () => {
    const objects = [...rendered.values()].flat();
    for (const object of objects) await validateObject(object);
    const [deployment] = objects.filter(({ kind }) => kind === 'Deployment') as Workload[];
    if (deployment === undefined) throw new Error('no Deployment');
    const mistyped = { ...deployment, spec: { ...deployment.spec, replicas: 'three' } };
    await expect(validateObject(mistyped)).rejects.toThrow('replicas must be integer');
    const misspelt = { ...deployment, spec: { ...deployment.spec, replica: 3 } };
    expect(unknownFields([...objects, misspelt])).toEqual([expect.stringContaining('"replica"')]);
  });

  it('runs every pod in the restricted profile, with a bound of its memory', () => {
    const pods = [...rendered.values()].flat().filter(isWorkload);
    expect(pods.length).toBeGreaterThanOrEqual(6);
    for (const { spec } of pods) {
      const pod = spec.template.spec;
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      for (const container of pod.containers) {
        expect(container.securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        });
        expect(container.resources.limits?.memory).toBeDefined();
        if (container.image.startsWith('ooder-skill'))
          expect(container.securityContext.readOnlyRootFilesystem).toBe(true);
      }
    }
  });

  it('leaves the service the time to drain, and asks the probes that are there for it', () => {
    const service = rendered.get('overlays/production')?.find(isWorkload)?.spec.template.spec;
    const [container] = service?.containers ?? [];
    const pause = Number(container?.lifecycle?.preStop.exec.command[1]);
    expect(pause).toBeGreaterThan(0);
    const needed = pause + new AppSettings().shutdownTimeout + CLOSE_SECONDS;
    expect(service?.terminationGracePeriodSeconds).toBeGreaterThan(needed);
    expect(container?.livenessProbe?.httpGet?.path).toBe('/livez');
    expect(container?.readinessProbe?.httpGet?.path).toBe('/readyz');
  });

  it('sets what the service reads, and no secret in a ConfigMap', () => {
    for (const [folder, objects] of rendered) {
      for (const { kind, ...map } of objects) {
        if (kind !== 'ConfigMap') continue;
        const names = Object.keys((map as { data?: object }).data ?? {});
        expect({ folder, unknown: names.filter((name) => !SETTING_VARIABLES.includes(name)) }).toEqual({
          folder,
          unknown: [],
        });
        expect(names.filter((name) => /SECRET|KEY|DATABASE_URL/.test(name))).toEqual([]);
      }
    }
  });
});
