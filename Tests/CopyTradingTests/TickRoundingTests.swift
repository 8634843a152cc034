import CopyTrading
import JSON
import Testing

@Suite("Prices, lots and minimum")
struct TickRoundingTests {
    @Test("a price keeps five significant figures and 6 − szDecimals decimals; whole numbers keep all", arguments: [
        ("112345.67", 5, "112345", "112346"), ("12345.67", 5, "12345", "12346"), ("1234.567", 4, "1234.5", "1234.6"),
        ("123.4567", 2, "123.45", "123.46"), ("12.34567", 1, "12.345", "12.346"), ("1.234567", 0, "1.2345", "1.2346"),
        ("1.234567", 3, "1.234", "1.235"), ("0.1234567", 0, "0.12345", "0.12346"), ("0.01234567", 0, "0.012345", "0.012346"),
        ("0.00012345", 0, "0.000123", "0.000124"), ("99999.6", 0, "99999", "100000"), ("9.99996", 0, "9.9999", "10"),
        ("0.0999996", 0, "0.099999", "0.1"), ("2010.4", 4, "2010.4", "2010.4"), ("5", 6, "5", "5"), ("5.5", 6, "5", "6"),
    ])
    func rounding(price: String, decimals: Int, down: String, up: String) {
        let price: Price = money(price)
        #expect(TickRounding.price(price, sizeDecimals: decimals, toward: .down)?.description == down)
        #expect(TickRounding.price(price, sizeDecimals: decimals, toward: .up)?.description == up)
        #expect(TickRounding.isLegal(money(down), sizeDecimals: decimals))
        #expect(TickRounding.isLegal(money(up), sizeDecimals: decimals))
        #expect(TickRounding.isLegal(price, sizeDecimals: decimals) == (down == up))
    }

    @Test("the exchange's own examples of legal and illegal prices, of perpetuals and of spot pairs", arguments: [
        ("123456", 0, 6, true), ("12345.6", 0, 6, false), ("0.01234", 1, 6, true), ("0.012345", 1, 6, false), ("80640.5", 5, 6, false),
        ("8064.5", 5, 6, true), ("8064.55", 5, 6, false), ("80640", 5, 6, true), ("1234.5", 0, 6, true), ("1234.56", 0, 6, false),
        ("0.001234", 0, 6, true), ("0.0012345", 0, 6, false), ("0.00001234", 0, 8, true), ("0.0001234", 1, 8, true),
        ("0.00012345", 1, 8, false), ("0.0001234", 2, 8, false), ("0.000123", 2, 8, true), ("35.276", 2, 8, true),
        ("35.2765", 2, 8, false), ("123456", 2, 8, true), ("1.5", 8, 8, false), ("2", 8, 8, true),
    ])
    func legality(price: String, sizeDecimals: Int, maximumDecimals: Int, isLegal: Bool) {
        let price: Price = money(price)
        #expect(TickRounding.isLegal(price, sizeDecimals: sizeDecimals, maximumDecimals: maximumDecimals) == isLegal)
        for direction in [TickRounding.Direction.down, .up] {
            guard let rounded = TickRounding.price(
                price, sizeDecimals: sizeDecimals, maximumDecimals: maximumDecimals, toward: direction) else { continue }
            #expect(TickRounding.isLegal(rounded, sizeDecimals: sizeDecimals, maximumDecimals: maximumDecimals))
            #expect((rounded == price) == isLegal)
        }
    }

    @Test("no positive price is left below the smallest tick")
    func belowTick() {
        #expect(TickRounding.price(money("0.0000004"), sizeDecimals: 0, toward: .down) == nil)
        #expect(TickRounding.price(money("0.0000004"), sizeDecimals: 0, toward: .up) == money("0.000001"))
        #expect(TickRounding.limit(reference: Price(1), basisPoints: 10_000, side: .sell, purpose: .exit, sizeDecimals: 2) == nil)
        #expect(!TickRounding.isLegal(.zero, sizeDecimals: 2))
    }

    @Test("R-27: an entry's limit never passes its cap, an exit's never falls short of it", arguments: [
        (Side.buy, TickRounding.Purpose.entry, "2010.4"), (.sell, .entry, "1990.5"), (.buy, .exit, "2010.5"), (.sell, .exit, "1990.4"),
    ])
    func directions(side: Side, purpose: TickRounding.Purpose, expected: String) {
        let limit = TickRounding.limit(reference: money("2000.425"), basisPoints: 50, side: side, purpose: purpose, sizeDecimals: 4)
        #expect(limit?.description == expected)
    }

    @Test("the cap is rounded from its exact value, not from one cut at eight decimals")
    func exactCap() {
        // 1.00020003 less 1 bp is 1.000100009997: past the tick 1.0001 by its ninth decimal.
        let limit = TickRounding.limit(reference: money("1.00020003"), basisPoints: 1, side: .sell, purpose: .entry, sizeDecimals: 0)
        #expect(limit == money("1.0002"))
    }

    @Test("the reference prices of the exchange's own library are legal here and within one step of ours")
    func referenceRows() throws {
        let rows = try Fixture.json("signing_vectors.json").at("numberFormatting") { value throws(JSONError) in
            try value.array("slippagePrice")
        }
        var checked = 0
        for row in rows {
            guard case .number(let number) = try row.field("mid"), case .number(let slippage) = try row.field("slippage") else {
                Issue.record("a row without numbers")
                continue
            }
            // A Python float below 1e-4.
            let mid = number == "1.234e-05" ? "0.00001234" : number
            let decimals = Int(try row.integer("szDecimals"))
            let maximum = try row.bool("isSpot") ? TickRounding.spotDecimals : TickRounding.perpetualDecimals
            let side: Side = try row.bool("isBuy") ? .buy : .sell
            let points = Int(try Ratio(parsing: slippage).e18 / 100_000_000_000_000)
            let expected: Price = try row.decimal("limitPx")
            #expect(TickRounding.isLegal(expected, sizeDecimals: decimals, maximumDecimals: maximum))
            let entry = try #require(
                TickRounding.limit(
                    reference: money(mid), basisPoints: points, side: side, purpose: .entry, sizeDecimals: decimals, maximumDecimals: maximum))
            let exit = try #require(
                TickRounding.limit(
                    reference: money(mid), basisPoints: points, side: side, purpose: .exit, sizeDecimals: decimals, maximumDecimals: maximum))
            // The library rounds to the nearest five figures. Beyond 99,999 it drops digits that the exchange would take.
            if expected < Price(100_000) {
                #expect(expected == entry || expected == exit, "\(mid)")
            } else {
                #expect(entry == Price(102_114) && exit == Price(102_115))
            }
            checked += 1
        }
        #expect(checked == 7)
    }

    @Test("R-31: a size is rounded down to the lot", arguments: [("0.00525", 4, "0.0052"), ("1.999", 0, "1"), ("-0.00525", 4, "-0.0052"), ("0.00009", 4, "0")])
    func lots(size: String, decimals: Int, expected: String) {
        let instrument = Instrument(coin: "X", asset: 0, sizeDecimals: decimals, maximumLeverage: 1)
        let size: Size = money(size)
        #expect(size.roundedDown(to: instrument).description == expected)
    }

    @Test("R-30: an order must be worth 10.30 at the reference and 10 at its limit", arguments: [
        ("0.00515", "2000", "2010", true), ("0.00514", "2000", "2010", false), ("0.00515", "2000", "1942", true),
        ("0.00515", "2000", "1941", false), ("0", "2000", "2000", false),
    ])
    func minimum(size: String, reference: String, limit: String, allowed: Bool) {
        #expect(MinimumNotional.allows(money(size), reference: money(reference), limit: money(limit)) == allowed)
    }
}
