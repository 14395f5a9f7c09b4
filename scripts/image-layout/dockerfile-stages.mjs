import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DockerfileParser } from 'dockerfile-ast';

/**
 * Runs the steps of a Dockerfile that need no container. Each stage is a folder below `root`. Returns the working folder,
 * environment, user and command of the last stage.
 * @throws Error if a step fails or is not supported.
 */
export function buildStages(text, { context, root }) {
  const stages = new Map();
  const instructions = DockerfileParser.parse(text).getInstructions();
  const last = instructions.findLastIndex((instruction) => instruction.getKeyword() === 'FROM');
  let stage;
  instructions.forEach((instruction, index) => {
    const keyword = instruction.getKeyword();
    const values = instruction.getArguments().map((argument) => argument.getValue());
    switch (keyword) {
      case 'FROM': {
        const name = instruction.getBuildStage() ?? String(stages.size);
        stage = { name, workDir: '/', env: {}, isLast: index === last, root: join(root, name) };
        stages.set(name, stage);
        break;
      }
      case 'WORKDIR':
        stage.workDir = values[0];
        mkdirSync(folderOf(stage), { recursive: true, mode: 0o755 });
        break;
      case 'COPY':
        copy(instruction, values, { stage, stages, context });
        break;
      case 'RUN':
        run(instruction.getArgumentsContent(), stage);
        break;
      case 'ENV':
        for (const property of instruction.getProperties()) stage.env[property.getName()] = property.getValue();
        break;
      case 'USER':
        stage.user = values[0];
        break;
      case 'CMD':
      case 'ENTRYPOINT':
        stage[keyword.toLowerCase()] = JSON.parse(instruction.getArgumentsContent());
        break;
      case 'HEALTHCHECK':
        stage.healthcheck = JSON.parse(/CMD\s+(\[.*\])/s.exec(instruction.getArgumentsContent())?.[1] ?? 'null');
        break;
      case 'ARG':
      case 'LABEL':
      case 'EXPOSE':
      case 'STOPSIGNAL':
        break;
      default:
        throw new Error(`${keyword}: a step that this script does not know`);
    }
  });
  return { ...stage, folder: folderOf(stage) };
}

function folderOf({ root, workDir }) {
  return join(root, workDir);
}

/** Copies as Docker does: the content of a folder goes into the target, files go below a target that ends with a slash or a dot. */
function copy(instruction, values, { stage, stages, context }) {
  const from = instruction.getFromFlag()?.getValue();
  const source = from === undefined ? context : stages.get(from)?.root;
  if (source === undefined) throw new Error(`COPY --from=${from}: no such stage`);
  const target = values.at(-1);
  const isFolder = target.endsWith('/') || target === '.';
  const ignored = (path) => from === undefined && path.endsWith('.spec.ts');
  for (const path of values.slice(0, -1)) {
    const to = join(folderOf(stage), target, isFolder ? basename(path) : '');
    cpSync(join(source, path), to, { recursive: true, filter: (each) => !ignored(each) });
  }
}

function run(command, stage) {
  if (stage.isLast) {
    console.log(`[${stage.name}] not run, needs the base image: ${command.replace(/\\?\s+/g, ' ')}`);
    return;
  }
  console.log(`[${stage.name}] ${command}`);
  const { status } = spawnSync('sh', ['-c', command], {
    cwd: folderOf(stage),
    env: { ...process.env, ...stage.env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error(`[${stage.name}] ${command}: exit ${status}`);
}
