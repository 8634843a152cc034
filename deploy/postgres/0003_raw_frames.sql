-- What the exchange sent, as it sent it: every frame that carried a followed leader's fill or trade, and every answer that positions
-- were taken from. Append-only; days that are old enough leave for compressed files with `vibe archive`. See Sources/RawFrames.

CREATE TABLE raw_frames (
    day         date   NOT NULL, -- of received_us, UTC
    source      text   NOT NULL, -- the process, and its start: ingest-1@1795240482390
    number      bigint NOT NULL, -- counts what the source recorded; a batch that is written again changes nothing
    received_us bigint NOT NULL, -- microseconds since 1970, by the receiver's clock
    origin      text   NOT NULL, -- socket-0, socket-1, …, or rest
    channel     text   NOT NULL, -- userFills, trades, clearinghouseState, …
    users       text[] NOT NULL, -- the followed leaders it is about, lower-case addresses
    coin        text,            -- when it is about one
    frame       bytea  NOT NULL, -- not text: kept even when it is no valid UTF-8
    PRIMARY KEY (day, source, number)
) PARTITION BY RANGE (day);

CREATE INDEX raw_frames_received ON raw_frames (received_us);

-- Frames that were received and not recorded: the buffer was full because Postgres was away or slow.
CREATE TABLE raw_frame_gaps (
    source      text   NOT NULL,
    number      bigint NOT NULL,
    from_us     bigint NOT NULL, -- received_us of the first and last of them
    to_us       bigint NOT NULL,
    count       bigint NOT NULL CHECK (count > 0),
    reason      text   NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, number)
);

-- Declared gaps: what a leader did and ingestion could not see, or could see and would not trade (R-12, R-14).
CREATE TABLE leader_gaps (
    source      text   NOT NULL,
    number      bigint NOT NULL,
    influencer  text   NOT NULL,
    coin        text,            -- NULL: all of the leader's
    from_ms     bigint NOT NULL, -- exchange time
    to_ms       bigint NOT NULL,
    expected    numeric,         -- the position that was known, and the one that was found
    found       numeric,
    reason      text   NOT NULL,
    handled     text   NOT NULL, -- what was done about it
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, number)
);

CREATE INDEX leader_gaps_influencer ON leader_gaps (influencer, from_ms);

-- Makes the partition for a day unless it exists; for the locks see audit_create_partition.
CREATE FUNCTION raw_frames_create_partition(wanted date) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    child text := 'raw_frames_' || to_char(wanted, 'YYYYMMDD');
BEGIN
    IF to_regclass(child) IS NOT NULL THEN RETURN; END IF;
    LOCK TABLE raw_frames IN SHARE UPDATE EXCLUSIVE MODE;
    IF to_regclass(child) IS NOT NULL THEN RETURN; END IF;
    EXECUTE format('CREATE TABLE %I (LIKE raw_frames INCLUDING ALL)', child);
    EXECUTE format('ALTER TABLE raw_frames ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', child, wanted, wanted + 1);
END
$$;

-- How a leader is followed: by its own fills, by public trades, or as heat decides.
ALTER TABLE influencers ADD COLUMN tier text NOT NULL DEFAULT 'auto' CHECK (tier IN ('auto', '1', '2'));
