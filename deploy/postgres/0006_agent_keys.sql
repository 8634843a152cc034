-- Agents' keys: every address that ever signed for someone, and the key of those that still may. An address never comes back (R-92).
CREATE TABLE agent_keys (
    agent_address   text PRIMARY KEY CHECK (agent_address ~ '^0x[0-9a-f]{40}$'),
    subscriber      text NOT NULL, -- no reference: it outlives the subscriber
    name            text NOT NULL,
    state           text NOT NULL CHECK (state IN ('waiting', 'active', 'retiring', 'replaced', 'revoked', 'removed')),
    key_sealed      bytea, -- AES-256-GCM: nonce (12), ciphertext (32), tag (16); bound to subscriber and address. NULL once destroyed
    data_key_sealed bytea, -- the same, of the key that sealed key_sealed. NULL beside a key: that one is sealed by the sealing key itself
    sealing_key     text,  -- id of the key that sealed data_key_sealed
    added_at        timestamptz NOT NULL DEFAULT now(),
    added_by        text NOT NULL DEFAULT session_user,
    ended_at        timestamptz,
    reason          text,
    CHECK ((key_sealed IS NULL) = (state IN ('replaced', 'revoked', 'removed'))),
    CHECK ((data_key_sealed IS NULL) = (sealing_key IS NULL)),
    CHECK (data_key_sealed IS NULL OR key_sealed IS NOT NULL)
);
CREATE INDEX agent_keys_by_subscriber ON agent_keys (subscriber);

INSERT INTO agent_keys (agent_address, subscriber, name, state, key_sealed, added_at)
SELECT agent_address, id, id, 'active', agent_key_sealed, coalesce((
    SELECT min(applied_at) FROM config_history JOIN config_versions USING (version)
    WHERE kind = 'subscriber' AND config_history.id = subscribers.id AND entry ->> 'agent_address' = agent_address), now())
FROM subscribers;

-- Those of earlier versions. One whose subscriber was removed was not replaced by another.
INSERT INTO agent_keys (agent_address, subscriber, name, state, added_at, ended_at, reason)
SELECT DISTINCT ON (entry ->> 'agent_address') entry ->> 'agent_address', id, id,
    CASE WHEN EXISTS (SELECT FROM subscribers WHERE subscribers.id = config_history.id) THEN 'replaced' ELSE 'removed' END,
    applied_at, now(), 'before agents had records of their own'
FROM config_history JOIN config_versions USING (version)
WHERE kind = 'subscriber' AND entry ->> 'agent_address' IS NOT NULL
ORDER BY entry ->> 'agent_address', version DESC
ON CONFLICT (agent_address) DO NOTHING;

-- Read by older programs until their keys are sealed anew; not written any more.
ALTER TABLE subscribers ALTER agent_key_sealed DROP NOT NULL;
ALTER TABLE subscribers ADD agent_revoked boolean NOT NULL DEFAULT false;

-- What the exchange last said of an agent, as the worker of its account asked it (R-90).
CREATE TABLE agent_checks (
    agent_address  text PRIMARY KEY,
    account        text   NOT NULL,
    checked_ms     bigint NOT NULL,
    problem        text,   -- NULL: it may sign for the account
    approved_name  text,   -- NULL: the exchange lists no agent without a name, and no expiry of one
    valid_until_ms bigint
);
