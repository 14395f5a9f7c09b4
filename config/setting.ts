import 'reflect-metadata';
import { ValidateIf, validateSync } from 'class-validator';

/** Describes one environment variable. Messages about a wrong value show `example`. */
export interface SettingOptions {
  example: string;
  /** True if an empty value has a meaning (AI_BRIDGE_REGISTRY_URL: off). Otherwise it counts as unset. */
  emptyIsValue?: boolean;
}

export interface SettingFault {
  variable: string;
  problem: string;
  example: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

interface SettingDefinition extends SettingOptions {
  variable: string;
  property: string;
}

const SETTINGS = Symbol('settings');

/** Binds a property of a section class to an environment variable; the property's initializer is the default. */
export function Setting(variable: string, options: SettingOptions): PropertyDecorator {
  return (target, property) => {
    const known = (Reflect.getMetadata(SETTINGS, target) ?? []) as SettingDefinition[];
    Reflect.defineMetadata(SETTINGS, [...known, { variable, property: String(property), ...options }], target);
    // An unset optional setting is not a fault; a section that requires one sets no default and checks it itself.
    ValidateIf((_, value) => value !== undefined)(target, property);
  };
}

/** Names of the variables that a section reads, in the order of its properties. */
export function listVariables(section: new () => object): string[] {
  return listDefinitions(section).map((definition) => definition.variable);
}

/** Reads one section. Adds its faults to `faults` and does not throw, so that one message lists all faults. */
export function readSection<T extends object>(section: new () => T, env: Environment, faults: SettingFault[]): T {
  const settings = new section();
  const definitions = listDefinitions(section);
  for (const definition of definitions) {
    const raw = env[definition.variable];
    if (raw === undefined || (raw.trim() === '' && !definition.emptyIsValue)) continue;
    const type: unknown = Reflect.getMetadata('design:type', section.prototype as object, definition.property);
    Reflect.set(settings, definition.property, convert(raw.trim(), type));
  }
  for (const error of validateSync(settings)) {
    const definition = definitions.find((candidate) => candidate.property === error.property);
    faults.push({
      variable: definition?.variable ?? error.property,
      problem: Object.values(error.constraints ?? {})
        .map((message) => message.replace(error.property, '').trim())
        .join('; '),
      example: definition?.example ?? '',
    });
  }
  return settings;
}

function listDefinitions(section: new () => object): SettingDefinition[] {
  return (Reflect.getMetadata(SETTINGS, section.prototype as object) ?? []) as SettingDefinition[];
}

/** Returns a value that it cannot convert as text; the validator then reports the fault. */
function convert(raw: string, type: unknown): unknown {
  if (type === Number) return /^-?\d+(\.\d+)?$/.test(raw) ? Number(raw) : raw;
  if (type === Boolean) {
    if (/^(true|1|yes|on)$/i.test(raw)) return true;
    if (/^(false|0|no|off)$/i.test(raw)) return false;
  }
  if (type === Array)
    return raw
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean);
  return raw;
}
