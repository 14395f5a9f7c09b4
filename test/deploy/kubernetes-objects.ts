import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { parseAllDocuments } from 'yaml';

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
}

type Model = new (object: KubernetesObject) => { validate(): void };

const ROOT = resolve(import.meta.dirname, '..', '..');

/** What `kubectl apply -k` would send. Throws with what kubectl says. */
export function renderKustomization(kubectl: string, folder: string): KubernetesObject[] {
  const { status, stdout, stderr } = spawnSync(kubectl, ['kustomize', join(ROOT, folder)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`kubectl kustomize ${folder} (kubectl 1.27 or newer): ${stderr}`);
  // A warning is of a field that is going away.
  if (stderr !== '') throw new Error(stderr);
  return parseAllDocuments(stdout).map((document) => document.toJS() as KubernetesObject);
}

/** Where the models have this kind; core is `v1`. */
function moduleOf({ apiVersion, kind }: KubernetesObject): string {
  const [group = ''] = apiVersion.split('/');
  const of = group === 'monitoring.coreos.com' ? '@kubernetes-models/prometheus-operator' : 'kubernetes-models';
  return `${of}/${apiVersion}/${kind}`;
}

/** Checks against the API's schema: types, required fields, values. Throws with the path of what is wrong. */
export async function validateObject(object: KubernetesObject): Promise<void> {
  const models = (await import(moduleOf(object))) as Record<string, Model>;
  const Kind = models[object.kind];
  if (Kind === undefined) throw new Error(`${moduleOf(object)} has no ${object.kind}`);
  new Kind(object).validate();
}

/**
 * What the schema lets through: fields that do not exist, which the API server drops with a warning at best. TypeScript knows
 * them from the models, in an object that is written down. Returns what it says.
 */
export function unknownFields(objects: readonly KubernetesObject[]): string[] {
  const text = objects
    .map(
      (object, index) =>
        `import type { I${object.kind} as K${index} } from '${moduleOf(object)}';\n` +
        `export const o${index}: K${index} = ${JSON.stringify(object, null, 1)};`,
    )
    .join('\n');
  const file = join(ROOT, 'test', 'deploy', 'kubernetes-objects.generated.ts');
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    noEmit: true,
    skipLibCheck: true,
    strict: true,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const onDisk = host.getSourceFile.bind(host);
  host.fileExists = (name) => name === file || ts.sys.fileExists(name);
  host.getSourceFile = (name, version, ...rest) =>
    name === file ? ts.createSourceFile(name, text, version) : onDisk(name, version, ...rest);
  const program = ts.createProgram([file], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}
