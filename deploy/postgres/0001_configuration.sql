-- Who copies whom, and how. One row per thing as it is now; `config_history` keeps how each was, version by version, so that an
-- audit can say under which settings a copy was made. Written only by `vibe config apply`, one transaction a version.

CREATE TABLE config_versions (
    version    bigint PRIMARY KEY CHECK (version > 0),
    applied_at timestamptz NOT NULL DEFAULT now(),
    applied_by text NOT NULL DEFAULT session_user,
    summary    text NOT NULL -- what was added, changed and removed
);

-- A known text sealed with the key that seals the agents' keys: tells a wrong key before it does harm.
CREATE TABLE config_sealing (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    probe    bytea NOT NULL
);

CREATE TABLE influencers (
    id      text PRIMARY KEY,
    address text NOT NULL UNIQUE DEFERRABLE INITIALLY DEFERRED CHECK (address ~ '^0x[0-9a-f]{40}$'),
    active  boolean NOT NULL -- false: its trades are not followed
);

CREATE TABLE subscribers (
    id               text PRIMARY KEY,
    -- Unique, checked at commit so that one apply may swap them: an account has one writer, and nonces count per agent.
    account          text NOT NULL UNIQUE DEFERRABLE INITIALLY DEFERRED CHECK (account ~ '^0x[0-9a-f]{40}$'), -- holds the positions
    vault_address    text CHECK (vault_address ~ '^0x[0-9a-f]{40}$'), -- when the account is a sub-account or vault
    agent_address    text NOT NULL UNIQUE DEFERRABLE INITIALLY DEFERRED CHECK (agent_address ~ '^0x[0-9a-f]{40}$'),
    agent_key_sealed bytea NOT NULL -- AES-256-GCM: nonce (12), ciphertext (32), tag (16); bound to id
);

CREATE TABLE subscriptions (
    id                   text PRIMARY KEY,
    subscriber           text NOT NULL REFERENCES subscribers,
    influencer           text NOT NULL REFERENCES influencers,
    state                text NOT NULL CHECK (state IN ('active', 'wind_down', 'paused')),
    inverse              boolean NOT NULL,
    -- Money is numeric without a scale, so that it reads back as it was written.
    sizing_mode          text NOT NULL,
    sizing_notional      numeric CHECK (sizing_notional > 0),
    sizing_ratio         numeric CHECK (sizing_ratio > 0),
    sizing_allocation    numeric CHECK (sizing_allocation > 0),
    sizing_multiplier    numeric CHECK (sizing_multiplier > 0),
    max_order_notional    numeric CHECK (max_order_notional > 0),
    max_position_notional numeric CHECK (max_position_notional > 0),
    entry_slippage_bps   integer NOT NULL CHECK (entry_slippage_bps >= 0),
    entry_expiry_ms      bigint NOT NULL CHECK (entry_expiry_ms > 0),
    allow                text[], -- NULL: every coin
    deny                 text[] NOT NULL,
    CHECK (CASE sizing_mode
        WHEN 'fixed_notional' THEN sizing_notional IS NOT NULL
        WHEN 'ratio' THEN sizing_ratio IS NOT NULL
        WHEN 'equity_proportional' THEN sizing_allocation IS NOT NULL AND sizing_multiplier IS NOT NULL
        ELSE false END)
);

-- The rows of the three tables (without sealed keys) as they became with a version; `entry` is NULL where it was removed.
CREATE TABLE config_history (
    version bigint NOT NULL REFERENCES config_versions,
    kind    text NOT NULL CHECK (kind IN ('influencer', 'subscriber', 'subscription')),
    id      text NOT NULL,
    entry   jsonb,
    PRIMARY KEY (kind, id, version)
);
