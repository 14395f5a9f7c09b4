import scenarios from '../faults/jest.config.mjs';

export default { ...scenarios, roots: ['<rootDir>/test/soak'] };
