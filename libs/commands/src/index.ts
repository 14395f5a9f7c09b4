export { CommandsModule } from './commands.module.js';
export { ExecutionResponse } from './execution.response.js';
export { CallbackEntity } from './queue/callback.entity.js';
export { ExecutionEntity } from './executions/execution.entity.js';
