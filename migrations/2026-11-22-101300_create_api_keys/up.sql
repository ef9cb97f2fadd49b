-- The tenant that everything belonged to that named none in the old system.
INSERT INTO tenants (id, name, description, created_at, updated_at)
VALUES ('550e8400-e29b-41d4-a716-446655440000', 'Default', 'The historic default tenant', '2026-11-22 00:00+00', '2026-11-22 00:00+00')
ON CONFLICT (id) DO NOTHING;

-- A key is shown once; what is stored is its SHA-256, and the first characters for people to tell keys apart.
CREATE TABLE api_keys (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    prefix text NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    scopes text[] NOT NULL CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY['read', 'scan', 'curate', 'admin']),
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    expires_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT api_keys_hash_key UNIQUE (hash),
    CONSTRAINT api_keys_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE INDEX api_keys_tenant_id_created_at_idx ON api_keys (tenant_id, created_at, id);
SELECT scrapersky_internal.put_back('create_api_keys', 'down', '{api_keys}');

-- "domains", "jobs" and the rest are found by their tenant; so are people.
DROP INDEX IF EXISTS idx_profiles_tenant_id;
CREATE INDEX profiles_tenant_id_idx ON profiles (tenant_id, id);
