import CopyTrading
import JSON

extension ExchangeClient {
    /// Every perpetual market: of the exchange's own dex, then of the builder dexs in their order. One request, and one per dex.
    public func instruments() async throws(InfoError) -> [Instrument] {
        var instruments = try await read(["type": "meta"]) { meta throws(JSONError) in try InstrumentList.read(meta, dex: nil) }
        for dex in try await builderDexs() {
            instruments += try await read(["type": "meta", "dex": .string(dex.name)]) { meta throws(JSONError) in
                try InstrumentList.read(meta, dex: dex)
            }
        }
        return instruments
    }

    private func builderDexs() async throws(InfoError) -> [InstrumentList.Dex] {
        try await read(["type": "perpDexs"]) { answer throws(JSONError) in try InstrumentList.dexs(answer) }
    }
}

/// Reads the answers of `meta` and `perpDexs`.
enum InstrumentList {
    /// A builder dex (HIP-3); `index` is its position in `perpDexs`, where 0 is the exchange's own.
    struct Dex: Sendable, Equatable {
        var name: String
        var index: Int
    }

    /// `[null, {"name":"xyz",…}, …]`
    static func dexs(_ answer: JSON) throws(JSONError) -> [Dex] {
        var dexs: [Dex] = []
        for (index, name) in try answer.map({ dex throws(JSONError) in dex == .null ? nil : try dex.string("name") }).enumerated() {
            if let name { dexs.append(Dex(name: name, index: index)) }
        }
        return dexs
    }

    /// The asset id counts positions in the array, delisted markets included.
    static func read(_ meta: JSON, dex: Dex?) throws(JSONError) -> [Instrument] {
        let universe = try meta.list("universe") { asset throws(JSONError) in try Asset(asset) }
        return universe.enumerated().map { index, asset in
            let prefix = dex.map { $0.name + ":" } ?? ""
            return Instrument(
                coin: Coin(asset.name.hasPrefix(prefix) ? asset.name : prefix + asset.name),
                asset: dex.map { 100_000 + $0.index * 10_000 + index } ?? index, sizeDecimals: asset.sizeDecimals,
                maximumLeverage: asset.maximumLeverage, onlyIsolated: asset.onlyIsolated, isDelisted: asset.isDelisted)
        }
    }

    private struct Asset {
        let name: String
        let sizeDecimals: Int
        let maximumLeverage: Int
        let onlyIsolated: Bool
        let isDelisted: Bool

        init(_ json: JSON) throws(JSONError) {
            name = try json.string("name")
            sizeDecimals = Int(try json.integer("szDecimals"))
            guard (0...8).contains(sizeDecimals) else { throw JSONError(path: "szDecimals", problem: "expected 0 to 8, found \(sizeDecimals)") }
            maximumLeverage = Int(try json.integer("maxLeverage"))
            let flag = try json.maybe("onlyIsolated") { value throws(JSONError) in try value.asBool() } ?? false
            // The newer form: `strictIsolated` or `noCross`.
            onlyIsolated = flag || json["marginMode"] != nil
            isDelisted = try json.maybe("isDelisted") { value throws(JSONError) in try value.asBool() } ?? false
        }
    }
}
