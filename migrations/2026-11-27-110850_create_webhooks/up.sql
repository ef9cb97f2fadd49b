-- Where events are posted to, and what became of each.
SET LOCAL row_security = off;

-- It belongs to the queue, as the events do. Workers take turns: one posts to a webhook at a time, in the order of events.
CREATE TABLE webhooks (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    url text NOT NULL,
    description text,
    kinds text[] NOT NULL CHECK (cardinality(kinds) > 0),
    job_kinds text[] NOT NULL DEFAULT '{}',
    -- The last event that was looked at: later ones become deliveries.
    clock bigint NOT NULL,
    event_id bigint NOT NULL,
    -- From when on events are posted: the position alone would include what has just happened.
    enabled_at timestamptz NOT NULL DEFAULT now(),
    -- The turn of a worker, and until when it holds.
    turn uuid,
    turn_ends_at timestamptz,
    -- Receivers may ask for a pause.
    paused_until timestamptz,
    failing_since timestamptz,
    disabled_at timestamptz,
    disabled_because text CHECK (disabled_because IN ('request', 'gone', 'failing')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT webhooks_disabled_check CHECK ((disabled_at IS NULL) = (disabled_because IS NULL)),
    CONSTRAINT webhooks_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
-- webhooks::list, newest first.
CREATE INDEX webhooks_tenant_id_created_at_idx ON webhooks (tenant_id, created_at, id);
COMMENT ON COLUMN webhooks.kinds IS 'Only events of these kinds are posted.';
COMMENT ON COLUMN webhooks.job_kinds IS 'Only events of jobs of these kinds are posted; all where it is empty.';

-- What signs the posts: the secret itself, since a signature is made from it. It is read as its tenant only; the system's role
-- backs it up. There are two while one replaces the other.
CREATE TABLE webhook_secrets (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    webhook_id uuid NOT NULL,
    secret bytea NOT NULL CHECK (length(secret) BETWEEN 24 AND 64),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT webhook_secrets_webhook_fkey FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhooks (tenant_id, id) ON DELETE CASCADE
);
-- webhook_secrets::list_valid; the foreign key.
CREATE INDEX webhook_secrets_tenant_id_webhook_id_idx ON webhook_secrets (tenant_id, webhook_id);

-- An event for a webhook. It repeats the event, which may be deleted before the last try.
CREATE TABLE webhook_deliveries (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    webhook_id uuid NOT NULL,
    clock bigint NOT NULL,
    event_id bigint NOT NULL,
    kind text NOT NULL,
    happened_at timestamptz NOT NULL,
    job_id uuid,
    batch_id uuid,
    data jsonb NOT NULL,
    status text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'delivered', 'failed', 'dropped')),
    -- How often it was tried since it was queued, and when it is tried next.
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    due_at timestamptz NOT NULL DEFAULT now(),
    -- Each try and its answer.
    tries jsonb NOT NULL DEFAULT '[]',
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    -- webhooks::queue: a webhook gets an event once. webhook_deliveries::list, newest first; the foreign key.
    CONSTRAINT webhook_deliveries_event_key UNIQUE (tenant_id, webhook_id, clock, event_id),
    CONSTRAINT webhook_deliveries_ended_check CHECK ((status = 'waiting') = (ended_at IS NULL)),
    CONSTRAINT webhook_deliveries_webhook_fkey FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhooks (tenant_id, id) ON DELETE CASCADE
);
-- webhooks::claim and webhook_deliveries::begin_next, in the order of events.
CREATE INDEX webhook_deliveries_due_idx ON webhook_deliveries (tenant_id, webhook_id, due_at, clock, event_id) WHERE status = 'waiting';
-- webhook_deliveries::note: those behind one that failed.
CREATE INDEX webhook_deliveries_job_idx ON webhook_deliveries (tenant_id, webhook_id, job_id) WHERE status = 'waiting' AND job_id IS NOT NULL;
-- webhook_deliveries::delete_old.
CREATE INDEX webhook_deliveries_ended_at_idx ON webhook_deliveries (ended_at) WHERE ended_at IS NOT NULL;
COMMENT ON COLUMN webhook_deliveries.tries IS 'Each try: when it began, how long it took, and its answer.';

SELECT scrapersky_internal.put_back('create_webhooks', 'down', '{webhooks,webhook_secrets,webhook_deliveries}');
