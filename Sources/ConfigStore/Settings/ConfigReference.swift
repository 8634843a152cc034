import CopyTrading

/// The reference page of configuration files, made from the tables that read them.
public enum ConfigReference {
    public static let markdown: String = [
        introduction, subscriptions, sizing, section("subscribers", AccountSettingsTable.table.settings, subscribersText),
        section("influencers", LeaderSettings.table.settings, influencersText), everything,
    ].joined(separator: "\n")

    private static let introduction = """
        # Configuration files

        Made by `vibe config reference`; a test keeps this page equal to the program.

        `vibe config apply FILE` puts a YAML file in force as a whole: what it does not have is removed, and the agent keys of a subscriber that
        it does not have are destroyed (`--dry-run` names them); a subscriber for whom it gives no key keeps the stored one. All faults
        are reported at once, with line, field, value and range. Every setting below has a default; a file names only what differs.
        A name without a value is a fault; `none` takes an optional setting away. Money is USDC, read digit by digit; `bps` are hundredths of
        a per cent.

        ```yaml
        influencers:
          - {id: leader-1, address: "0x0000000000000000000000000000000000000001"}
        subscribers:
          - id: sub-007
            account: "0x0000000000000000000000000000000000000002"
            agent_key_file: keys/sub-007
            limits: {max_gross_notional: 20000}
        subscriptions:
          - subscriber: sub-007
            influencer: leader-1
            sizing: {mode: equity_proportional, allocation: 5000}
            limits: {max_order_notional: 1000, deny: ["k*", "xyz:*"]}
            filters: {direction: long, schedule: ["mon-fri 08:00-20:00"]}
        coins: {kPEPE: exits_only}
        ```

        States, from the mildest to the strictest: `active`, `exits_only`, `wind_down`, `paused`, `stopped`. They exist for everything
        (`state:` at the top), an influencer, a subscriber, a coin (`coins:`) and a subscription; the strictest holds. No state and no
        setting keeps an exit from being mirrored.

        """

    private static let subscriptions = section(
        "subscriptions", SubscriptionSettings.table.settings,
        """
        Required: `subscriber`, `influencer` (ids of this file) and `sizing`. Optional: `id`, by default `<subscriber>:<influencer>`.
        A change of size settings holds for positions opened after it.
        """)

    private static let sizing: String = {
        var lines = ["### sizing", "", "One mode, and what it needs:", "", "| mode | setting | range | default | |", "|---|---|---|---|---|"]
        for mode in SizingSettings.Mode.allCases {
            let (purpose, parameters) = SizingSettings.describe(mode)
            lines.append("| `\(mode.rawValue)` | | | | \(purpose) |")
            lines += parameters.map { "| | `\($0.name)` | \($0.range) | \($0.fallback) | \($0.purpose) |" }
        }
        return lines.joined(separator: "\n") + "\n"
    }()

    private static let subscribersText = """
        Required: `id`, `account` (address of the exchange account). Optional: `vault_address`, the account again when it is a sub-account or
        a vault; `agent_key_file` or `agent_key_env`, or a line in the file of `agent_keys`.
        """

    private static let influencersText = """
        Required: `id`, `address`. Optional: `active`, false not to follow its trades, for a leader without subscriptions; `tier`, how they are
        followed: `1` by its own fills, `2` by public trades, `auto` (default) as its activity decides.
        """

    private static let everything = """
        ## Everything

        | setting | range | default | |
        |---|---|---|---|
        | `state` | \(ValueKind<CopyState>.choice.range) | active | Of all subscriptions; the strictest state holds. |
        | `coins` | a mapping coin: state | | Of all subscriptions in one coin. |
        | `agent_keys` | a file of subscriber: key, a line each, mode 0600 | | Agent keys for all. |

        """

    private static func section<Root>(_ name: String, _ settings: [Setting<Root>], _ text: String) -> String {
        let rows = settings.map { "| `\($0.name)` | \($0.range) | \($0.fallback) | \($0.purpose) |" }
        return (["## \(name)", "", text, "", "| setting | range | default | |", "|---|---|---|---|"] + rows).joined(separator: "\n") + "\n"
    }
}
