import CopyTrading
import Foundation
import Hyperliquid
import JSON

/// The markets of a mirrored exchange as they were when the ledger was begun: asset ids and first prices must stay those of the inputs
/// that are in it, so they are kept beside it, in `markets.json`: `[{"coin","px","szDecimals","maxLeverage"}]`.
struct MirroredMarkets {
    let listings: [Listing]

    /// Reads the file beside the ledger, or asks the exchange and writes it.
    /// - Parameter coins: those to show; without any, all that have a price and are not delisted.
    static func load(_ endpoint: ExchangeEndpoint, coins: [String], ledgerDirectory: String) async throws -> MirroredMarkets {
        let path = ledgerDirectory + "/markets.json"
        if FileManager.default.fileExists(atPath: path) { return try MirroredMarkets(path: path) }
        let client = ExchangeClient(endpoint: endpoint, timeout: Mirror.timeout, maximumConnections: 1)
        let found: MirroredMarkets
        do { found = try await MirroredMarkets(client, coins: coins) } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
        try FileManager.default.createDirectory(atPath: ledgerDirectory, withIntermediateDirectories: true)
        try Data(found.json.bytes()).write(to: URL(fileURLWithPath: path), options: .atomic)
        return found
    }

    private init(_ client: ExchangeClient, coins: [String]) async throws {
        var found: [Listing] = []
        do {
            for dex in try await client.info(["type": "perpDexs"]).asArray() {
                let name = dex == .null ? "" : try dex.string("name")
                guard coins.isEmpty || coins.contains(where: { Universe.dexName(of: $0) == name }) else { continue }
                let answer = try await client.info(["type": "metaAndAssetCtxs", "dex": .string(name)]).asArray()
                guard answer.count == 2 else { throw JSONError(problem: "metaAndAssetCtxs has \(answer.count) parts") }
                for (asset, context) in zip(try answer[0].array("universe"), try answer[1].asArray()) {
                    if let listing = try Self.listing(asset, context), coins.isEmpty || coins.contains(listing.coin) { found.append(listing) }
                }
            }
        } catch { throw HyperSimError.configuration("mirror: the markets cannot be read: \(error)") }
        if let missing = coins.first(where: { coin in !found.contains { $0.coin == coin } }) {
            throw HyperSimError.configuration("mirror: \(missing) is not listed there, or delisted")
        }
        listings = found
    }

    private init(path: String) throws(HyperSimError) {
        listings = try JSONFile.read(path) { json throws(JSONError) in
            try json.map { entry throws(JSONError) in
                Listing(
                    coin: try entry.string("coin"), price: try entry.decimal("px"), sizeDecimals: try Listing.sizeDecimals(entry),
                    maximumLeverage: try Listing.leverage(entry))
            }
        }
    }

    private var json: JSON {
        .array(
            listings.map {
                [
                    "coin": .string($0.coin), "px": .string($0.price.description), "szDecimals": .integer($0.sizeDecimals),
                    "maxLeverage": .integer($0.maximumLeverage),
                ]
            })
    }

    /// - Returns: `nil` for a delisted asset.
    private static func listing(_ asset: JSON, _ context: JSON) throws(JSONError) -> Listing? {
        guard try asset.maybe("isDelisted", { value throws(JSONError) in try value.asBool() }) != true else { return nil }
        let price: Price = context["midPx"] == .null ? try context.decimal("markPx") : try context.decimal("midPx")
        return Listing(
            coin: try asset.string("name"), price: price, sizeDecimals: try Listing.sizeDecimals(asset),
            maximumLeverage: try Listing.leverage(asset))
    }
}
