/// How much an entry may still be worth under the caps over a whole account, each as the room it leaves.
struct ExposureCaps {
    let settings: AccountSettings.Limits
    let facts: AccountFacts
    let side: Side
    /// Of the order's market and position.
    let maximumLeverage: Int
    let leverage: Int
    let slippageBasisPoints: Int

    /// In the order in which they are applied, after the coin's and the sleeve's.
    var rooms: [(gate: Gate, room: Notional)] {
        var rooms: [(Gate, Notional)] = []
        if let most = settings.maximumGrossNotional { rooms.append((.grossCap, most - facts.grossNotional)) }
        if let most = settings.maximumNetNotional {
            // Buying away from short makes room; selling away from long too.
            rooms.append((.netCap, clamped(Int128(most.e8) - Int128(side.sign) * Int128(facts.netNotional.e8))))
        }
        if let most = settings.maximumLeverage {
            rooms.append((.leverageCap, clamped(Int128(facts.equity.e8) * Int128(most) - Int128(facts.grossNotional.e8))))
        }
        if let buffer = settings.minimumLiquidationBufferBasisPoints { rooms.append((.liquidationBuffer, liquidationRoom(buffer))) }
        rooms.append((.freeMargin, marginRoom))
        return rooms
    }

    /// The largest N with (equity − maintenance − m·N) ≥ buffer × (gross + N), where m is the market's maintenance rate, half of the
    /// initial rate at its maximum leverage.
    private func liquidationRoom(_ bufferBasisPoints: Int) -> Notional {
        let scale: Int128 = 10_000
        let maintenance = scale / Int128(2 * max(1, maximumLeverage)) + 1
        let spare = (Int128(facts.equity.e8) - Int128(facts.maintenanceMargin.e8)) * scale - Int128(bufferBasisPoints) * Int128(facts.grossNotional.e8)
        return clamped(spare / (Int128(bufferBasisPoints) + maintenance))
    }

    private var marginRoom: Notional {
        let usable = (try? MarginDiscount.usable(slippageBasisPoints: slippageBasisPoints, leverage: leverage) * facts.freeMargin) ?? .zero
        return clamped(Int128(usable.e8) * Int128(leverage))
    }

    private func clamped(_ value: Int128) -> Notional { Notional(e8: Int64(max(-Int128(Notional.limit), min(value, Int128(Notional.limit))))) }
}

/// How much of the free margin an order may use: it can be filled at its limit, and loses that slippage at once; fees come on top.
public enum MarginDiscount {
    /// Left for fees and funding.
    static let reserve = Ratio(basisPoints: 9_800)

    /// `(1 − S) / ((1 − S) + S·L) × 0.98` for a slippage S and a leverage L.
    public static func usable(slippageBasisPoints: Int, leverage: Int) -> Ratio {
        let rest = Int128(max(0, 10_000 - slippageBasisPoints))
        let whole = rest + Int128(slippageBasisPoints) * Int128(leverage)
        guard whole > 0, let usable = try? Ratio(e18: rest * Ratio.one.e18 / whole) * reserve else { return .zero }
        return usable
    }
}
