-- A claim and an end write every index of the job's row. These need no entry for jobs without a batch, a domain or a name:
-- the foreign keys' own checks ask for values that are not null, and a null name meets no other.
DROP INDEX jobs_tenant_id_batch_id_idx;
CREATE INDEX jobs_tenant_id_batch_id_idx ON jobs (tenant_id, batch_id) WHERE batch_id IS NOT NULL;
DROP INDEX jobs_tenant_id_domain_id_idx;
CREATE INDEX jobs_tenant_id_domain_id_idx ON jobs (tenant_id, domain_id) WHERE domain_id IS NOT NULL;
DROP INDEX jobs_tenant_id_kind_dedup_key_key;
CREATE UNIQUE INDEX jobs_tenant_id_kind_dedup_key_key ON jobs (tenant_id, kind, dedup_key)
    WHERE status IN ('pending', 'running') AND dedup_key IS NOT NULL;
