import CopyTrading
import JSON

/// Builds the engine a configuration asks for: markets, leaders and their first positions.
struct EngineSetup {
    let configuration: HyperSimConfiguration
    let recorded: RecordedFills?
    /// Of an exchange that is mirrored.
    var mirrored: [Listing] = []

    func engine() throws(HyperSimError) -> Engine {
        let synthetic = configuration.syntheticCoins.map {
            Listing(
                coin: $0.name, price: $0.price, sizeDecimals: $0.sizeDecimals, maximumLeverage: $0.maximumLeverage,
                marginTable: $0.marginTable, marginMode: $0.marginMode)
        }
        let books = try configuration.booksFile.map { path throws(HyperSimError) in try RecordedBooks(path: path) }
        let listings = (recorded?.listings ?? []) + synthetic + mirrored
        let universe = try Universe(listings: books?.merged(into: listings) ?? listings, book: configuration.bookShape)
        books?.seed(universe)
        let engine = Engine(universe: universe, parameters: configuration.engineParameters)
        for leader in recorded?.leaders ?? [] { try open(leader.address, name: leader.name, engine) }
        for address in configuration.syntheticLeaders { try open(address.lowercased(), name: address.lowercased(), engine) }
        if let recorded { try begin(recorded, engine) }
        return engine
    }

    private func open(_ address: String, name: String, _ engine: Engine) throws(HyperSimError) {
        try engine.openLeader(address, name: name, equity: configuration.leaderAccountValue)
    }

    private func begin(_ recorded: RecordedFills, _ engine: Engine) throws(HyperSimError) {
        do {
            for start in try recorded.startPositions() {
                guard let market = engine.universe.market(coin: start.coin), let leader = engine.account(recorded.leaders[start.leader].address)
                else { preconditionFailure("listed and opened just before") }
                engine.begin(leader, in: market, size: start.size)
            }
        } catch { throw .configuration("fills file: \(error)") }
    }
}
