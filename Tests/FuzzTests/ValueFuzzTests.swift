import CopyTrading
import Foundation
import Hyperliquid
import JSON
import Testing

@Suite("Broken texts of values")
struct ValueFuzzTests {
    @Test("JSON that is read is written and read back the same; other bytes are refused with their place")
    func json() throws {
        let nested = [String(repeating: "[", count: 70), #"{"a":[1,-2.5e+7,"\ud83d\ude00\n",null,true]}"#, "\"\\u0000\"", "[1,2"].map { Array($0.utf8) }
        try Fuzz.run("json", corpus: try Corpus.frames().suffix(40) + nested, cases: 600) { input in
            do throws(JSONError) {
                let value = try JSON.parse(input)
                guard try JSON.parse(value.bytes()) == value, try JSON.parse(value.pretty()) == value else { throw JSONError(problem: "changed") }
            } catch {
                guard error.problem.hasPrefix("not JSON at byte ") else { throw Fuzz.Broken("\(error)") }
            }
        }
    }

    @Test("a decimal that is read is what Foundation reads, to the last digit, and its text reads back the same")
    func decimals() throws {
        let corpus = Hostile.numbers + ["1", "-0.1", "12345.678", "45999999999.99999999", "-3695042.8999999999", "170043721737.450012207"]
        try Fuzz.run("decimal", corpus: corpus.map { Array($0.utf8) }, cases: 2_000) { input in
            let text = String(decoding: input, as: UTF8.self)
            if let value = try? Price(parsing: text) {
                guard value.e8.magnitude <= UInt64(Price.limit), try Price(parsing: value.description) == value else { throw Fuzz.Broken("\(value)") }
                guard text.utf8.count <= 30, let oracle = Decimal(string: text, locale: Locale(identifier: "en_US_POSIX")) else { return }
                guard oracle * Decimal(Price.scale) == Decimal(value.e8) else { throw Fuzz.Broken("\(value), not \(oracle)") }
            }
            if let rounded: Size = try? WireDecimal.denoised(text) {
                guard try WireDecimal.denoised(WireDecimal.text(rounded)) == rounded else { throw Fuzz.Broken("denoised \(rounded)") }
            }
            if let wide = try? WideDecimal(parsing: text) {
                guard try WideDecimal(parsing: wide.description) == wide else { throw Fuzz.Broken("wide \(wide)") }
            }
            if let ratio = try? Ratio(exactly: text) {
                guard try Ratio(exactly: ratio.description) == ratio else { throw Fuzz.Broken("ratio \(ratio)") }
            }
        }
    }

    @Test("sums, products, quotients and roundings of any two decimals give a value or an error")
    func arithmetic() throws {
        var random = SplitMix64(seed: Fuzz.seed)
        let extremes: [Int64] = [0, 1, -1, Price.limit, -Price.limit, .max, -.max, .min, Price.scale, Price.scale - 1]
        for _ in 0..<4_000 {
            let values = (0..<2).map { _ in random.below(3) == 0 ? random.pick(extremes) : Int64(bitPattern: random.next()) >> Int64(random.below(63)) }
            let (price, size, worth) = (Price(e8: values[0]), Size(e8: values[1]), Notional(e8: values[1]))
            let decimals = random.below(9)
            let sum = (size + Size(e8: values[0])).e8
            let exact = Int128(values[0]) + Int128(values[1])
            #expect(Int128(sum) == exact || Int64(exactly: exact) == nil && sum == (exact < 0 ? -.max : .max))
            _ = (size - Size(e8: values[0]), -size, size.magnitude, size.truncated(decimals: decimals), size.roundedAway(decimals: decimals))
            _ = (try? price * size, try? worth / price, try? worth / size, try? Ratio(worth, over: Notional(e8: values[0])))
            for purpose in [TickRounding.Purpose.entry, .exit] {
                let limit = TickRounding.limit(reference: price, basisPoints: random.below(20_000), side: .sell, purpose: purpose, sizeDecimals: decimals)
                if let limit { #expect(limit > .zero && TickRounding.isLegal(limit, sizeDecimals: decimals)) }
            }
            _ = Quote(reference: price, bestBid: price, bestAsk: Price(e8: values[1])).spreadBasisPoints
            var fills = OrderFills()
            for _ in 0..<20 { fills.add(size: size, price: price, fee: worth) }
            _ = (fills.value, fills.averagePrice)
        }
    }
}
