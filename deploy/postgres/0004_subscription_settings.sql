-- Settings of subscriptions, subscribers and influencers as documents, by the names they have in configuration files, and states that
-- hold for everything or for one coin. What is stored so far, earlier versions too, is brought to the same form.

CREATE FUNCTION subscription_settings(entry jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'v', 1, 'state', entry ->> 'state', 'inverse', entry ->> 'inverse',
        'sizing', jsonb_build_object(
            'mode', entry ->> 'sizing_mode', 'notional', entry ->> 'sizing_notional', 'ratio', entry ->> 'sizing_ratio',
            'allocation', entry ->> 'sizing_allocation', 'multiplier', entry ->> 'sizing_multiplier'),
        'limits', jsonb_build_object(
            'max_order_notional', entry ->> 'max_order_notional', 'max_position_notional', entry ->> 'max_position_notional',
            'entry_slippage_bps', entry ->> 'entry_slippage_bps', 'entry_expiry_ms', entry ->> 'entry_expiry_ms',
            'allow', nullif(entry -> 'allow', 'null'), 'deny', entry -> 'deny')))
$$;

ALTER TABLE subscriptions ADD settings jsonb;
UPDATE subscriptions SET settings = subscription_settings(to_jsonb(subscriptions));
ALTER TABLE subscriptions
    ALTER settings SET NOT NULL,
    DROP state, DROP inverse, DROP sizing_mode, DROP sizing_notional, DROP sizing_ratio, DROP sizing_allocation, DROP sizing_multiplier,
    DROP max_order_notional, DROP max_position_notional, DROP entry_slippage_bps, DROP entry_expiry_ms, DROP allow, DROP deny;
UPDATE config_history
SET entry = jsonb_build_object(
    'id', entry -> 'id', 'subscriber', entry -> 'subscriber', 'influencer', entry -> 'influencer', 'settings', subscription_settings(entry))
WHERE kind = 'subscription' AND entry IS NOT NULL;
DROP FUNCTION subscription_settings;

ALTER TABLE subscribers ADD settings jsonb NOT NULL DEFAULT '{}';
ALTER TABLE influencers ADD settings jsonb NOT NULL DEFAULT '{}';

CREATE TABLE scopes (
    id    text PRIMARY KEY CHECK (id = 'everything' OR id LIKE 'coin:%'),
    state text NOT NULL
);
ALTER TABLE config_history DROP CONSTRAINT config_history_kind_check;
ALTER TABLE config_history ADD CONSTRAINT config_history_kind_check CHECK (kind IN ('influencer', 'subscriber', 'subscription', 'scope'));
