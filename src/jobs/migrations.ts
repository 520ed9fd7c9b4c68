import type { Database } from './database.ts';

/** Each is applied once, in order, in a transaction of its own. Never edit one that was released: add another. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE earshot.job (
    id uuid PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    owner text NOT NULL,
    status text NOT NULL CHECK (status IN ('queued', 'processing', 'completed', 'failed', 'cancelled')),
    options jsonb NOT NULL,
    input jsonb NOT NULL,
    bytes bigint NOT NULL,
    priority int NOT NULL,
    rank int NOT NULL,
    runs int NOT NULL DEFAULT 1,
    progress jsonb,
    result jsonb,
    error jsonb,
    webhook jsonb,
    idempotency_key text,
    fingerprint text NOT NULL,
    dedupe text,
    keep_seconds int NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    expires_at timestamptz,
    fetched_at timestamptz,
    CHECK ((finished_at IS NOT NULL) = (status IN ('completed', 'failed', 'cancelled')))
  );
  CREATE UNIQUE INDEX job_seq ON earshot.job (seq);
  CREATE INDEX job_owner_seq ON earshot.job (owner, seq DESC);
  CREATE UNIQUE INDEX job_idempotency ON earshot.job (owner, idempotency_key) WHERE idempotency_key IS NOT NULL;
  CREATE UNIQUE INDEX job_dedupe ON earshot.job (owner, dedupe) WHERE dedupe IS NOT NULL;
  CREATE INDEX job_queue ON earshot.job (rank DESC, seq) WHERE status = 'queued';
  CREATE INDEX job_processing ON earshot.job (id) WHERE status = 'processing';
  CREATE INDEX job_unfetched ON earshot.job (id) WHERE status = 'completed' AND fetched_at IS NULL;
  CREATE INDEX job_expires ON earshot.job (expires_at) WHERE expires_at IS NOT NULL;

  CREATE TABLE earshot.stage (
    id uuid PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES earshot.job ON DELETE CASCADE,
    name text NOT NULL,
    index int NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'queued', 'running', 'done', 'failed', 'cancelled')),
    is_optional boolean NOT NULL,
    is_last boolean NOT NULL,
    ticket uuid,
    rank int NOT NULL,
    tries int NOT NULL DEFAULT 0,
    lost int NOT NULL DEFAULT 0,
    data jsonb,
    result jsonb,
    error jsonb,
    started_at timestamptz,
    finished_at timestamptz,
    UNIQUE (job_id, name, index)
  );

  CREATE TABLE earshot.event (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES earshot.job ON DELETE CASCADE,
    type text NOT NULL,
    data jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX event_job ON earshot.event (job_id, seq);

  CREATE TABLE earshot.delivery (
    id uuid PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES earshot.job ON DELETE CASCADE,
    state text NOT NULL CHECK (state IN ('pending', 'delivered', 'gave_up')),
    ticket uuid,
    body text NOT NULL,
    tries int NOT NULL DEFAULT 0,
    status int,
    reason text,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz
  );
  CREATE INDEX delivery_job ON earshot.delivery (job_id);

  CREATE TABLE earshot.turn_of_owner (owner text PRIMARY KEY, last bigint NOT NULL);
  CREATE TABLE earshot.virtual_time (now bigint NOT NULL);
  INSERT INTO earshot.virtual_time VALUES (0);
  `,
  // A virtual time of its own for each queue, and the queued jobs by group.
  `
  ALTER TABLE earshot.turn_of_owner RENAME TO one_turn;
  ALTER TABLE earshot.virtual_time RENAME TO one_time;
  CREATE TABLE earshot.turn_of_owner (
    queue text NOT NULL, owner text NOT NULL, last bigint NOT NULL, PRIMARY KEY (queue, owner)
  );
  CREATE TABLE earshot.virtual_time (queue text PRIMARY KEY, now bigint NOT NULL);
  INSERT INTO earshot.turn_of_owner
  SELECT queue.name, owner, last FROM earshot.one_turn, (SELECT DISTINCT name FROM earshot.stage) AS queue;
  INSERT INTO earshot.virtual_time
  SELECT queue.name, now FROM earshot.one_time, (SELECT DISTINCT name FROM earshot.stage) AS queue;
  DROP TABLE earshot.one_turn;
  DROP TABLE earshot.one_time;
  CREATE INDEX job_group ON earshot.job (kind, owner, priority) WHERE status = 'queued';
  `,
  // The delivery that first brought this message; null: it is its own.
  `ALTER TABLE earshot.delivery ADD COLUMN message uuid`,
];

/** Any number that no other program is likely to lock with. */
const LOCK = 7_316_201;

/** Brings the schema `earshot` to this version; safe to call from several processes at once. Never goes back. */
export async function migrate(db: Database): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    await tx.query('CREATE SCHEMA IF NOT EXISTS earshot');
    await tx.query(
      'CREATE TABLE IF NOT EXISTS earshot.migration (version int PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())',
    );
  });
  for (const [index, sql] of MIGRATIONS.entries())
    await db.transaction(async (tx) => {
      await tx.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
      const done = await tx.query('SELECT 1 FROM earshot.migration WHERE version = $1', [index + 1]);
      if (done.length > 0) return;
      for (const statement of sql.split(/;\s*\n/).filter((part) => part.trim() !== ''))
        await tx.query(statement);
      await tx.query('INSERT INTO earshot.migration (version) VALUES ($1)', [index + 1]);
    });
}
