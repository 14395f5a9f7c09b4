-- Runs once, as the owner, when the database is created (deployment guide 3.2.3). The service creates its tables itself.
CREATE EXTENSION IF NOT EXISTS "uuid-ossp";
