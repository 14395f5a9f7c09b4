import { type DynamicModule, Global, Module } from '@nestjs/common';
import { type AppSettings, appSettings, type DatabaseSettings, databaseSettings } from '#config';
import { TypeOrmModule } from '@nestjs/typeorm';
import { TRACER, type Tracer } from '#tracing';
import { dataSourceOptions, type Entities } from './data-source-options.js';
import { DatabaseMonitor } from './database-monitor.js';
import { DatabaseServer } from './database-server.js';
import { LeaderElection } from './leader-election.js';
import { PooledDataSource } from './pooled-data-source.js';
import { prepareSchema } from './schema-start.js';
import { Transactions } from './transactions.js';

/** Opens the server first and closes it last: it is a module of its own because Nest shuts modules down in reverse. */
@Global()
@Module({
  providers: [
    {
      provide: DatabaseServer,
      inject: [appSettings.KEY, databaseSettings.KEY],
      useFactory: (app: AppSettings, settings: DatabaseSettings) => DatabaseServer.open(app, settings),
    },
  ],
  exports: [DatabaseServer],
})
class DatabaseServerModule {}

/** PostgreSQL: the server, its schema (up to date before anything else runs), the pool and transactions. */
@Global()
@Module({})
export class DatabaseModule {
  static forRoot(entities: Entities): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        DatabaseServerModule,
        TypeOrmModule.forRootAsync({
          imports: [DatabaseServerModule],
          inject: [DatabaseServer, databaseSettings.KEY, { token: TRACER, optional: true }],
          useFactory: async (server: DatabaseServer, settings: DatabaseSettings, tracer?: Tracer) => {
            await prepareSchema(server.url, settings);
            // The server has answered before, so a failure here is final.
            return { ...dataSourceOptions(server.url, settings, entities, tracer), retryAttempts: 0 };
          },
          dataSourceFactory: (options) => {
            if (!options) throw new Error('TypeORM was given no options');
            return new PooledDataSource(options).initialize();
          },
        }),
      ],
      providers: [Transactions, DatabaseMonitor, LeaderElection],
      exports: [Transactions, LeaderElection],
    };
  }
}
