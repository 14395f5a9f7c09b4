export { type Rotation, rotateSecrets } from './rotation.js';
export { SecretBox, type SecretPlace, SecretUnreadableError } from './secret-box.js';
export {
  isMask,
  MAP_VALUE_SCHEMAS,
  MASK,
  maskedMap,
  type ParameterMap,
  SCALAR_SCHEMAS,
  type ScalarValue,
  type SecretMap,
  SecretMapField,
  type SecretValue,
} from './secret-map.js';
export { createSecretBox, SkillSecrets } from './skill-secrets.js';
