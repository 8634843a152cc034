import CopyTrading
import JSON
import Testing

@testable import Hyperliquid

@Suite("Decimals on the wire")
struct DecimalTests {
    /// The vectors' table for `float_to_wire`; a `-0` is not ours to write.
    @Test("plain decimals are written as the official SDK writes them")
    func numberFormatting() throws {
        let table = try Fixture.json("signing_vectors.json").field("numberFormatting").array("floatToWire")
        var checked = 0
        for row in table {
            let input = plain(try row.string("input"))
            // Beyond our range, and the library's own flaw.
            guard input != "1000000000000000.0", input != "-0.0" else { continue }
            checked += 1
            if row["error"] != nil {
                #expect(throws: MoneyError.self) { try Price(parsing: input) }
            } else {
                #expect(try Price(parsing: input).description == row.string("wire"))
            }
        }
        #expect(checked == 18)
        #expect(throws: MoneyError.self) { try Price(parsing: "1000000000000000.0") }
        #expect(try Price(parsing: "-0.0").description == "0")
    }

    /// The table's inputs are the texts of Python floats, which take to exponents below 1e-4.
    private func plain(_ text: String) -> String {
        switch text {
        case "1e-07": "0.0000001"
        case "1e-08": "0.00000001"
        case "1e-09": "0.000000001"
        default: text
        }
    }

    @Test("whole numbers of the smallest unit are those of the official SDK")
    func wholeUnits() throws {
        let table = try Fixture.json("signing_vectors.json").field("numberFormatting").array("floatToInt")
        var checked = 0
        for row in table {
            let input = try row.string("input")
            let isUSD = try row.string("fn") == "float_to_usd_int"
            // 123,123,123,123 is more than our money holds.
            guard row["error"] == nil, input != "123123123123" else {
                #expect(throws: MoneyError.self) { try Notional(parsing: input) }
                continue
            }
            let amount = try Notional(parsing: input)
            #expect(try (isUSD ? USDCAmount.millionths(amount, field: "usd") : amount.e8) == row.integer("out"))
            checked += 1
        }
        #expect(checked == 4 && table.count == 6)
    }

    @Test(
        "wide decimals hold volumes beyond money's range, and cut what is finer than 1e-8",
        arguments: [
            ("170043721737.450012207", "170043721737.45001220"), ("0.0", "0"), ("-5.5", "-5.5"), ("1000000000000.0", "1000000000000"),
            ("0.000000019", "0.00000001"), ("12", "12"),
        ])
    func wide(text: String, expected: String) throws {
        #expect(try WideDecimal(parsing: text) == WideDecimal(parsing: expected))
        #expect(try WideDecimal(parsing: WideDecimal(parsing: text).description) == WideDecimal(parsing: text))
    }

    @Test("a wide decimal is money again when it fits")
    func narrowed() throws {
        #expect(try WideDecimal(parsing: "12.5").exactly(Notional.self) == Notional(parsing: "12.5"))
        #expect(try WideDecimal(parsing: "-12.5").exactly(Size.self) == Size(parsing: "-12.5"))
        #expect(try WideDecimal(parsing: "46000000001").exactly(Notional.self) == nil)
        #expect(try WideDecimal(parsing: "1000000000000").exactly(Notional.self) == nil)
    }

    @Test("no wide decimal", arguments: ["", "1.", ".5", "1e5", "x", "0.1234567890123456789x", "1234567890123456789"])
    func malformedWide(text: String) {
        #expect(throws: MoneyError.self) { try WideDecimal(parsing: text) }
    }

    @Test("a rate keeps eighteen decimals and drops the rest")
    func rate() throws {
        #expect(try Ratio(truncating: "0.0123456789012345678987").description == "0.012345678901234567")
        #expect(try Ratio(truncating: "-0.0000052764").description == "-0.0000052764")
    }

    @Test(
        "the noise of binary floating point is rounded away, exact decimals are not touched",
        arguments: [
            ("-3695042.8999999999", "-3695042.9"), ("0.30000000000000004", "0.3"), ("123456789.29999999", "123456789.3"),
            ("4490636711.43", "4490636711.43"), ("1496048.2999999998", "1496048.3"), ("-0.1", "-0.1"), ("0.0", "0"),
            ("0.00000001", "0.00000001"), ("0.000000004", "0"), ("0.000000005", "0.00000001"), ("-9.9999999999", "-10"),
            ("1234567.12345678", "1234567.12345678"), ("12345678", "12345678"), ("0.12345678", "0.12345678"),
        ])
    func denoised(text: String, expected: String) throws {
        let size: Size = try WireDecimal.denoised(text)
        #expect(size.description == expected)
    }

    @Test("what is no decimal is refused", arguments: ["", "-", "1.", ".5", "1.2.3", "1e5", "0.123456789x", "99999999999999999", "NaN", "+1"])
    func malformed(text: String) {
        #expect(throws: MoneyError.self) { let _: Size = try WireDecimal.denoised(text) }
    }

    @Test("the exchange's form keeps one digit after the point")
    func wireText() {
        #expect(WireDecimal.text(Price(80640)) == "80640.0")
        #expect(WireDecimal.text(Size(e8: -150_000_000)) == "-1.5")
        #expect(WireDecimal.text(Size.zero) == "0.0")
    }
}
