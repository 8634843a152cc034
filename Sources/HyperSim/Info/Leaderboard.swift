import CopyTrading
import JSON

/// The exchange's leaderboard file, over the accounts of the simulator: `{"leaderboardRows":[{"ethAddress","accountValue",
/// "windowPerformances":[["day",{"pnl","roi","vlm"}],…],"prize":0,"displayName"}]}`, the greatest profit of all time first.
struct Leaderboard {
    let engine: Engine
    let now: Int64

    private static let windows: [Portfolio.Window] = [.day, .week, .month, .allTime]

    func write(to writer: inout WireWriter) {
        let rows = engine.accounts.values.map { account in
            (account: account, portfolios: Self.windows.map { Portfolio(account, $0, engine, now: now) })
        }
        let ranked = rows.sorted {
            let (a, b) = ($0.portfolios.last!.profit, $1.portfolios.last!.profit)
            return a == b ? $0.account.address < $1.account.address : a > b
        }
        writer.raw(#"{"leaderboardRows":"#)
        writer.array(ranked) { writer, row in writer.json(Self.json(row.account, row.portfolios)) }
        writer.raw("}")
    }

    private static func json(_ account: Account, _ portfolios: [Portfolio]) -> JSON {
        let performances = zip(windows, portfolios).map { window, portfolio -> JSON in
            let performance: JSON = [
                "pnl": .decimal(portfolio.profit), "roi": .decimal(portfolio.returnOnInvestment), "vlm": .decimal(portfolio.volume),
            ]
            return [.string(window.rawValue), performance]
        }
        return [
            "ethAddress": .string(account.address), "accountValue": .decimal(portfolios[0].value),
            "windowPerformances": .array(performances), "prize": 0,
            "displayName": account.isLeader && account.displayName != account.address ? .string(account.displayName) : nil,
        ]
    }
}
