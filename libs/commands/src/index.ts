export { CommandsModule } from './commands.module.js';
export { ExecutionEntity } from './executions/execution.entity.js';
