-- What a request with an `Idempotency-Key` was answered, for as long as the same one is answered the same.
CREATE TABLE idempotency_keys (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    -- The SHA-256 of method, path and body.
    request_hash bytea NOT NULL CHECK (length(request_hash) = 32),
    -- Null only within the transaction that answers the request.
    status smallint CHECK (status BETWEEN 100 AND 599),
    -- The body as it was sent, to the byte.
    response text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT idempotency_keys_tenant_id_key_key UNIQUE (tenant_id, key),
    CONSTRAINT idempotency_keys_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE INDEX idempotency_keys_tenant_id_created_at_idx ON idempotency_keys (tenant_id, created_at);
SELECT scrapersky_internal.put_back('create_idempotency_keys', 'down', '{idempotency_keys}');
SELECT scrapersky_internal.isolate_tenants('idempotency_keys');
