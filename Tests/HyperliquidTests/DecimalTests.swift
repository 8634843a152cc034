import CopyTrading
import JSON
import Testing

@testable import Hyperliquid

@Suite("Decimals on the wire")
struct DecimalTests {
    /// The vectors' table for `float_to_wire`; its inputs are Python floats, so exponents are not ours to read and `-0` is not ours to write.
    @Test("plain decimals are written as the official SDK writes them")
    func numberFormatting() throws {
        let table = try Fixture.json("signing_vectors.json").field("numberFormatting").array("floatToWire")
        var checked = 0
        for row in table {
            let input = try row.string("input")
            guard !input.contains("e"), input != "-0.0", input != "1000000000000000.0" else { continue }
            checked += 1
            if row["error"] != nil {
                #expect(throws: MoneyError.self) { try Price(parsing: input) }
            } else {
                #expect(try Price(parsing: input).description == row.string("wire"))
            }
        }
        #expect(checked == 15)
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
