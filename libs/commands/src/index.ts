export { CommandsModule } from './commands.module.js';
export { CallbackEntity } from './queue/callback.entity.js';
export { ExecutionEntity } from './executions/execution.entity.js';
