-- A database role for each role of the fleet, with the rights that its statements need and nothing else. Run it in the fleet's database
-- as a superuser, after `vibe migrate` and again after each later one; it may be run any number of times:
--
--   createuser vibe_owner && createdb --owner=vibe_owner vibe
--   VIBE_POSTGRES_URL='postgresql://vibe_owner@…/vibe?…' vibe migrate
--   psql --dbname=vibe --set=ON_ERROR_STOP=1 --file=roles.sql
--
-- The roles have no passwords: set them (\password vibe_work in psql), or let pg_hba.conf ask for client certificates (cert). vibe_owner
-- owns the tables: it migrates, archives raw frames (`vibe archive`), and no process of the fleet runs as it.

DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY[
        'vibe_owner', 'vibe_config', 'vibe_ingest', 'vibe_match', 'vibe_plan', 'vibe_work', 'vibe_audit', 'vibe_operator']
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN EXECUTE format('CREATE ROLE %I LOGIN', wanted); END IF;
    END LOOP;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format(
        'GRANT CONNECT ON DATABASE %I TO vibe_owner, vibe_config, vibe_ingest, vibe_match, vibe_plan, vibe_work, vibe_audit, vibe_operator',
        current_database());
END
$$;

-- Nothing for everybody; and what was granted before is taken back, so that a right that left this file leaves the database.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public
    FROM PUBLIC, vibe_config, vibe_ingest, vibe_match, vibe_plan, vibe_work, vibe_audit, vibe_operator;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public
    FROM PUBLIC, vibe_config, vibe_ingest, vibe_match, vibe_plan, vibe_work, vibe_audit, vibe_operator;
GRANT USAGE ON SCHEMA public TO vibe_config, vibe_ingest, vibe_match, vibe_plan, vibe_work, vibe_audit, vibe_operator;
GRANT USAGE, CREATE ON SCHEMA public TO vibe_owner;

-- Is the schema new enough? Every role asks at its start.
GRANT SELECT ON schema_migrations TO vibe_config, vibe_ingest, vibe_match, vibe_plan, vibe_work, vibe_audit, vibe_operator;

-- The configuration without keys. The sealed ones are read by those who sign, alone.
GRANT SELECT ON config_versions, config_history, influencers, subscriptions, scopes
    TO vibe_config, vibe_ingest, vibe_match, vibe_plan, vibe_work, vibe_operator;
GRANT SELECT (id, account, vault_address, agent_address, agent_revoked, settings) ON subscribers TO vibe_ingest, vibe_match, vibe_plan, vibe_operator;
GRANT SELECT ON subscribers, config_sealing TO vibe_work, vibe_config;
GRANT INSERT ON config_versions, config_history TO vibe_config;
GRANT INSERT, UPDATE, DELETE ON influencers, subscribers, subscriptions, scopes TO vibe_config;
GRANT DELETE ON config_sealing TO vibe_config;

-- Agents' keys. A worker destroys those that are no longer needed, and brings none in; who looks sees everything but the keys.
GRANT SELECT ON agent_keys TO vibe_work, vibe_config;
GRANT INSERT, UPDATE ON agent_keys TO vibe_config;
GRANT UPDATE (state, key_sealed, data_key_sealed, sealing_key) ON agent_keys TO vibe_work;
GRANT SELECT (agent_address, subscriber, name, state, sealing_key, added_at, added_by, ended_at, reason) ON agent_keys TO vibe_operator;
GRANT SELECT ON agent_checks TO vibe_work, vibe_config, vibe_operator;
GRANT INSERT, UPDATE ON agent_checks TO vibe_work;

-- The kill switch: rows are added, and stay.
GRANT SELECT, INSERT ON latches TO vibe_ingest, vibe_plan, vibe_work, vibe_operator;

-- What ingestion records.
GRANT SELECT, INSERT ON raw_frames, raw_frame_gaps, leader_gaps TO vibe_ingest;

-- The audit trail: added to, never changed. A watermark moves with each batch.
GRANT SELECT, INSERT ON audit_entries TO vibe_audit;
-- `vibe converge` shows what is held, as on record, while Redis is away.
GRANT SELECT (kind, subscription, coin, data, entry_ms, entry_seq) ON audit_entries TO vibe_work;
-- Each role looks whether its Redis is the one that the trail belongs to; who finds that it is not fences the auditors of before.
GRANT SELECT, INSERT, UPDATE ON cells TO vibe_ingest, vibe_match, vibe_plan, vibe_work, vibe_audit;
GRANT SELECT ON cells TO vibe_operator;
GRANT SELECT, UPDATE (epoch) ON audit_watermarks TO vibe_ingest, vibe_match, vibe_plan, vibe_work;
GRANT SELECT, INSERT, UPDATE ON audit_watermarks TO vibe_audit;
GRANT SELECT, INSERT, DELETE ON cell_checkpoints TO vibe_audit;
GRANT SELECT ON cell_checkpoints TO vibe_operator;

GRANT SELECT ON audit_entries, audit_watermarks, raw_frames, raw_frame_gaps, leader_gaps TO vibe_operator;

-- A day's partition belongs to the owner of the table, so its maker works with the owner's rights, and with a fixed path.
ALTER FUNCTION audit_create_partition(date) SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION raw_frames_create_partition(date) SECURITY DEFINER SET search_path = public, pg_temp;
GRANT EXECUTE ON FUNCTION audit_create_partition(date) TO vibe_audit;
GRANT EXECUTE ON FUNCTION raw_frames_create_partition(date) TO vibe_ingest;
