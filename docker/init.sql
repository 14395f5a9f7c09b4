-- Runs once, as the owner, when the database is made (deployment guide 3.2.3). The service makes its tables itself.
CREATE EXTENSION IF NOT EXISTS "uuid-ossp";
