-- What a tenant may do differently from the settings; null leaves a limit as it is set for everybody.
CREATE TABLE tenant_limits (
    tenant_id uuid PRIMARY KEY,
    requests_per_minute integer CHECK (requests_per_minute > 0),
    batches_per_minute integer CHECK (batches_per_minute > 0),
    caller_requests_per_minute integer CHECK (caller_requests_per_minute > 0),
    caller_batches_per_minute integer CHECK (caller_batches_per_minute > 0),
    scans_per_day integer CHECK (scans_per_day >= 0),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tenant_limits_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
SELECT scrapersky_internal.put_back('create_limits', 'down', '{tenant_limits}');
SELECT scrapersky_internal.isolate_tenants('tenant_limits');
-- A tenant does not set its own limits.
REVOKE INSERT, UPDATE, DELETE ON tenant_limits FROM scrapersky_tenant;

-- Requests of the present minute: a row for each caller, and one with the nil UUID for the tenant as a whole. Unlogged: a
-- crash of the server empties it, and a count costs no write to the log.
CREATE UNLOGGED TABLE rate_windows (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('requests', 'batches')),
    caller uuid NOT NULL,
    started_at timestamptz NOT NULL,
    used integer NOT NULL,
    CONSTRAINT rate_windows_tenant_id_kind_caller_key UNIQUE (tenant_id, kind, caller),
    CONSTRAINT rate_windows_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
SELECT scrapersky_internal.put_back('create_limits', 'down', '{rate_windows}');
SELECT scrapersky_internal.isolate_tenants('rate_windows');

-- Scans that a tenant has queued on its last day (UTC) with any; it has a row where it has a quota.
CREATE TABLE scan_days (
    tenant_id uuid PRIMARY KEY,
    day date NOT NULL,
    scans bigint NOT NULL,
    CONSTRAINT scan_days_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
SELECT scrapersky_internal.put_back('create_limits', 'down', '{scan_days}');
SELECT scrapersky_internal.isolate_tenants('scan_days');
