-- Every entry of every stream, as the audit role read it. See Sources/AuditTrail for who writes and how it is checked.

CREATE TABLE audit_entries (
    stream       text   NOT NULL, -- the Redis key
    entry_ms     bigint NOT NULL, -- the stream entry's id: <entry_ms>-<entry_seq>
    entry_seq    bigint NOT NULL,
    day          date   NOT NULL, -- of entry_ms, UTC
    kind         text   NOT NULL, -- the stream's name without prefix, cell and partition: execution_jobs
    epoch        bigint NOT NULL, -- the lease of the auditor that wrote the row
    -- The entry's fields.
    seq          bigint,          -- counts the stream's entries without a gap
    id           text,
    subscriber   text,
    influencer   text,
    coin         text,
    action       text,
    trace        text,
    data         json,            -- not jsonb: that forgets the order of members and how numbers were written, which the hash covers
    raw          bytea,           -- the fields of an entry that is not as entries should be; then the columns above are best effort
    -- Read out of the fields, for look-ups.
    signal_id    text,
    request_id   text,
    job_id       text,
    subscription text,
    account      text,
    cloid        text,
    outcome      text,
    -- Proof.
    payload_hash bytea NOT NULL,  -- SHA-256 of the fields
    chain        bytea NOT NULL,  -- SHA-256 of the previous row's chain, this row's place and payload_hash
    PRIMARY KEY (stream, entry_ms, entry_seq, day)
) PARTITION BY RANGE (day);

-- Everything about a copy is found through its signal, an order through its cloid. More indexes cost more than they give: the ids
-- are random, and each index on one was measured to take up to a third of the rate of writing.
CREATE INDEX audit_entries_signal ON audit_entries (signal_id);
CREATE INDEX audit_entries_cloid ON audit_entries (cloid) WHERE cloid IS NOT NULL;

-- How far each stream is written. The row is locked while a batch is written, so a stream has one writer at a time, and its epoch
-- never falls, so that a writer whose lease has passed on is refused.
CREATE TABLE audit_watermarks (
    stream         text PRIMARY KEY,
    epoch          bigint NOT NULL,
    last_entry_ms  bigint NOT NULL, -- 0-0 while there is no row
    last_entry_seq bigint NOT NULL,
    last_seq       bigint,
    chain          bytea NOT NULL,  -- of the last row; 32 zero bytes while there is none
    updated_at     timestamptz NOT NULL DEFAULT now()
);

-- Makes the partition for a day unless it exists. Attaching a finished table takes a lock that neither reading nor writing the
-- other partitions waits for, as they would for `CREATE TABLE … PARTITION OF`. Taking that lock first lets one maker in at a time, and
-- unlike an advisory lock it makes the session see what the others made meanwhile.
CREATE FUNCTION audit_create_partition(wanted date) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    child text := 'audit_entries_' || to_char(wanted, 'YYYYMMDD');
BEGIN
    IF to_regclass(child) IS NOT NULL THEN RETURN; END IF;
    LOCK TABLE audit_entries IN SHARE UPDATE EXCLUSIVE MODE;
    IF to_regclass(child) IS NOT NULL THEN RETURN; END IF;
    EXECUTE format('CREATE TABLE %I (LIKE audit_entries INCLUDING ALL)', child);
    EXECUTE format('ALTER TABLE audit_entries ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', child, wanted, wanted + 1);
END
$$;
