import { type ClientImporter, ClientLine } from '#auth';
import { type NameImporter, NameLine, type SkillImporter, SkillLine } from '#skills';
import { type Kind, defineKind, type Written } from './kind.js';

/** In the order of a file: clients before what they own, names before the Skills that have them. */
export function createKinds(importers: {
  clients: ClientImporter;
  names: NameImporter;
  skills: SkillImporter;
}): Kind[] {
  return [clientKind(importers.clients), nameKind(importers.names), skillKind(importers.skills)];
}

function clientKind(importer: ClientImporter): Kind {
  return defineKind(ClientLine, {
    type: 'client',
    check: (line) => {
      importer.assertStorable(line);
    },
    write: async (tx, actor, lines, replace) => {
      const statuses = await importer.import(tx, actor, lines, replace);
      return lines.flatMap((line, index): Written[] => {
        const status = statuses[index];
        if (status === undefined) return [];
        const keys = (line.api_keys ?? []).map(({ name }) => `API key "${name}"`);
        return [{ status, name: `client ${line.client_id}`, lacks: ['secret', ...keys] }];
      });
    },
  });
}

function nameKind(importer: NameImporter): Kind {
  return defineKind(NameLine, {
    type: 'name',
    write: async (tx, actor, lines, replace) => {
      const statuses = await importer.import(tx, actor, lines, replace);
      return lines.map(({ name }, index) => ({
        status: statuses[index] ?? 'present',
        name: `name ${name}`,
        lacks: [],
      }));
    },
  });
}

function skillKind(importer: SkillImporter): Kind {
  return defineKind(SkillLine, {
    type: 'skill',
    check: (line) => {
      importer.assertStorable(line);
    },
    write: async (tx, actor, lines, replace) => {
      const imported = await importer.import(tx, actor, lines, replace);
      return lines.flatMap((line, index): Written[] => {
        const { status, skillId } = imported[index] ?? {};
        if (status === undefined) return [];
        return [{ status, id: skillId, name: `skill ${line.name} ${line.version}`, lacks: listSecrets(line) }];
      });
    },
    announce: (ids) => importer.announce(ids),
  });
}

function listSecrets({ secret_metadata = [], endpoints }: SkillLine): string[] {
  return [
    ...secret_metadata.map((key) => `metadata "${key}"`),
    ...endpoints.flatMap(({ url, secret_parameters = [] }) =>
      secret_parameters.map((key) => `parameter "${key}" of ${url}`),
    ),
  ];
}
