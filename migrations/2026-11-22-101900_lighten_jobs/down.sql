DROP INDEX jobs_tenant_id_kind_dedup_key_key;
CREATE UNIQUE INDEX jobs_tenant_id_kind_dedup_key_key ON jobs (tenant_id, kind, dedup_key) WHERE status IN ('pending', 'running');
DROP INDEX jobs_tenant_id_domain_id_idx;
CREATE INDEX jobs_tenant_id_domain_id_idx ON jobs (tenant_id, domain_id);
DROP INDEX jobs_tenant_id_batch_id_idx;
CREATE INDEX jobs_tenant_id_batch_id_idx ON jobs (tenant_id, batch_id);
