-- Who calls, and what each caller may do: API keys, limits, answers already given, and the audit log. The tables of people and
-- tenants come from the old system.
SET LOCAL row_security = off;

-- The tenant of every row that named none in the old system.
INSERT INTO tenants (id, name, description, created_at, updated_at)
VALUES ('550e8400-e29b-41d4-a716-446655440000', 'Default', 'The historic default tenant', '2026-11-22 00:00+00', '2026-11-22 00:00+00')
ON CONFLICT (id) DO NOTHING;

-- A key is shown once. Stored are its SHA-256 and its first characters, by which people tell keys apart.
CREATE TABLE api_keys (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    prefix text NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    scopes text[] NOT NULL CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY['read', 'scan', 'curate', 'admin']),
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    expires_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    -- api_keys::find_valid: a key is looked up before its tenant is known.
    CONSTRAINT api_keys_hash_key UNIQUE (hash),
    CONSTRAINT api_keys_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
-- api_keys::list, newest first.
CREATE INDEX api_keys_tenant_id_created_at_idx ON api_keys (tenant_id, created_at, id);

-- Who is signed in to the console, with the rights of a key or of a person, and links that sign in once. Stored is the SHA-256
-- of the 256 random bits in the cookie or link.
CREATE TABLE sessions (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    key_id uuid,
    user_id uuid,
    is_link boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    -- sessions::find and ::take_link: a session is looked up before its tenant is known.
    CONSTRAINT sessions_hash_key UNIQUE (hash),
    CONSTRAINT sessions_subject_check CHECK (num_nonnulls(key_id, user_id) = 1),
    CONSTRAINT sessions_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
    CONSTRAINT sessions_key_fkey FOREIGN KEY (tenant_id, key_id) REFERENCES api_keys (tenant_id, id) ON DELETE CASCADE
);
-- The foreign key to api_keys, when keys are deleted.
CREATE INDEX sessions_tenant_id_key_id_idx ON sessions (tenant_id, key_id);

-- Where a tenant's limits differ from the settings; NULL leaves a limit as it is set for everybody.
CREATE TABLE tenant_limits (
    tenant_id uuid PRIMARY KEY,
    requests_per_minute integer CHECK (requests_per_minute > 0),
    batches_per_minute integer CHECK (batches_per_minute > 0),
    caller_requests_per_minute integer CHECK (caller_requests_per_minute > 0),
    caller_batches_per_minute integer CHECK (caller_batches_per_minute > 0),
    scans_per_day integer CHECK (scans_per_day >= 0),
    rows_stored bigint CHECK (rows_stored >= 0),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tenant_limits_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);

-- Requests of the current minute that processes took, many of them in advance: a row for each caller, and one with the nil UUID for the whole tenant. Unlogged: a crash of
-- the server empties it, and a count is not written to the log.
CREATE UNLOGGED TABLE rate_windows (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('reads', 'requests', 'batches')),
    caller uuid NOT NULL,
    started_at timestamptz NOT NULL,
    used integer NOT NULL,
    PRIMARY KEY (tenant_id, id),
    -- rate_windows::take and ::give_back.
    CONSTRAINT rate_windows_tenant_id_kind_caller_key UNIQUE (tenant_id, kind, caller),
    CONSTRAINT rate_windows_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);

-- How many scans a tenant queued on the last day (UTC) on which it queued any; there is a row where the tenant has a quota.
CREATE TABLE scan_days (
    tenant_id uuid PRIMARY KEY,
    day date NOT NULL,
    scans bigint NOT NULL,
    CONSTRAINT scan_days_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);

-- The answer to a request with an `Idempotency-Key`, for as long as the same request gets the same answer.
CREATE TABLE idempotency_keys (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    -- The SHA-256 of method, path and body.
    request_hash bytea NOT NULL CHECK (length(request_hash) = 32),
    -- NULL only within the transaction that answers the request.
    status smallint CHECK (status BETWEEN 100 AND 599),
    -- The body as it was sent, to the byte.
    response text,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    -- idempotency_keys::begin.
    CONSTRAINT idempotency_keys_tenant_id_key_key UNIQUE (tenant_id, key),
    CONSTRAINT idempotency_keys_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
-- idempotency_keys::delete_expired.
CREATE INDEX idempotency_keys_tenant_id_created_at_idx ON idempotency_keys (tenant_id, created_at);

-- Who did what that cannot be undone or that gives access: keys, decisions about many rows, deletions.
CREATE TABLE audit_log (
    id bigint GENERATED BY DEFAULT AS IDENTITY,
    tenant_id uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    action text NOT NULL CHECK (action <> ''),
    subject text,
    details jsonb,
    request_id uuid,
    -- audit_log::list, newest first.
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT audit_log_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);

SELECT scrapersky_internal.put_back('create_accounts', 'down', '{api_keys,sessions,tenant_limits,rate_windows,scan_days,idempotency_keys,audit_log}');
