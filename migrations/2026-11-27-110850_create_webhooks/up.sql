-- Where events are posted to, and what became of each.
SET LOCAL row_security = off;

-- It belongs to the queue, as the events do. Workers take turns: one posts to a webhook at a time, in the order of events.
CREATE TABLE webhooks (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    url text NOT NULL,
    -- Requests named the URL: it gets the ends of what they started, and no other events.
    for_requests boolean NOT NULL DEFAULT false,
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
-- webhooks::turns::queue.
CREATE INDEX webhooks_following_idx ON webhooks (tenant_id, id) WHERE disabled_at IS NULL AND NOT for_requests;
-- webhooks::requests::upsert: one for each URL, of which routes limit the length.
CREATE UNIQUE INDEX webhooks_requested_url_key ON webhooks (tenant_id, url) WHERE for_requests;
COMMENT ON COLUMN webhooks.kinds IS 'Only events of these kinds are posted.';
COMMENT ON COLUMN webhooks.job_kinds IS 'Only events of jobs of these kinds are posted; all where it is empty.';

-- What signs the posts: the secret itself, since a signature is made from it. It is read as its tenant only; the system's role
-- backs it up. There are two while one replaces the other. Those without a webhook sign what is posted for requests.
CREATE TABLE webhook_secrets (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    webhook_id uuid,
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

-- The jobs and batches of whose ends the webhooks of requests are told. No foreign key to them, as of events: what is told here
-- is deleted by its age.
CREATE TABLE webhook_subjects (
    tenant_id uuid NOT NULL,
    -- A job or a batch.
    subject_id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- deliver_to_requests().
    PRIMARY KEY (tenant_id, subject_id, webhook_id),
    CONSTRAINT webhook_subjects_webhook_fkey FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhooks (tenant_id, id) ON DELETE CASCADE
);
-- The foreign key.
CREATE INDEX webhook_subjects_tenant_id_webhook_id_idx ON webhook_subjects (tenant_id, webhook_id);
-- webhooks::requests::delete_old.
CREATE INDEX webhook_subjects_created_at_idx ON webhook_subjects (created_at);
COMMENT ON TABLE webhook_subjects IS 'Of which jobs and batches the webhooks of requests get the ends.';

SELECT scrapersky_internal.put_back('create_webhooks', 'down', '{webhooks,webhook_secrets,webhook_deliveries,webhook_subjects}');

-- Delivers the end of a job or a batch to the webhooks of the requests that started it, or joined it, in the transaction that ends it.
CREATE FUNCTION scrapersky_internal.deliver_to_requests() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO webhook_deliveries (tenant_id, webhook_id, clock, event_id, kind, happened_at, job_id, batch_id, data)
    SELECT NEW.tenant_id, w.id, NEW.clock, NEW.id, NEW.kind, NEW.happened_at, NEW.job_id, NEW.batch_id, NEW.data
    FROM webhook_subjects s JOIN webhooks w ON w.tenant_id = s.tenant_id AND w.id = s.webhook_id
    WHERE s.tenant_id = NEW.tenant_id AND w.disabled_at IS NULL
      AND s.subject_id = CASE NEW.kind WHEN 'batch.done' THEN NEW.batch_id ELSE NEW.job_id END
    -- One that is disabled at this moment drops what it has, and would keep this.
    FOR SHARE OF w
    ON CONFLICT (tenant_id, webhook_id, clock, event_id) DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER deliver_to_requests AFTER INSERT ON events FOR EACH ROW
    WHEN (NEW.kind IN ('job.ended', 'batch.done')) EXECUTE FUNCTION scrapersky_internal.deliver_to_requests();
