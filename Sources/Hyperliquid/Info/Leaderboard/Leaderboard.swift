import AsyncHTTPClient
import JSON
import NIOCore

/// Why the leaderboard ended before its last row.
public enum LeaderboardError: Error, Sendable, Equatable, CustomStringConvertible {
    /// No connection, time-out, reset, or an HTTP status other than 200.
    case transport(String)
    /// The file is not `{"leaderboardRows":[…]}`, or was cut off.
    case malformed(String)

    public var description: String {
        switch self {
        case .transport(let reason): "leaderboard: \(reason)"
        case .malformed(let reason): "leaderboard: malformed: \(reason)"
        }
    }
}

/// The exchange's list of all its traders (some 45,000 rows, 40 MB), read row by row while it arrives: slow consumers slow the transfer
/// down, and only one part of it is in memory. A file of its own host, not a read of POST /info; made anew about hourly.
///
/// A row that cannot be read is delivered as its fault, and the rest goes on.
public struct Leaderboard: AsyncSequence, Sendable {
    public typealias Element = Result<LeaderboardRow, JSONError>
    public typealias Failure = LeaderboardError

    /// Where the exchange publishes it.
    public static let mainnetURL = "https://stats-data.hyperliquid.xyz/Mainnet/leaderboard"
    /// For the whole transfer, the reader's own time included.
    static let timeout = Duration.seconds(300)

    let url: String
    let client: HTTPClient

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(url: url, client: client) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        private let url: String
        private let client: HTTPClient
        private var parts: HTTPClientResponse.Body.AsyncIterator?
        private var deadline: ContinuousClock.Instant?
        private var splitter = RowSplitter()
        /// Of the last part, the next to be delivered last.
        private var rows: [[UInt8]] = []

        init(url: String, client: HTTPClient) {
            self.url = url
            self.client = client
        }

        public mutating func next() async throws(LeaderboardError) -> Element? {
            while rows.isEmpty {
                guard !splitter.isFinished else { return nil }
                guard let part = try await nextPart() else { throw .malformed("it ends within the rows") }
                rows = try Self.split(part, &splitter).reversed()
            }
            let row = rows.removeLast()
            do { return .success(try LeaderboardRow(json: JSON.parse(row))) } catch { return .failure(error) }
        }

        private static func split(_ part: ByteBuffer, _ splitter: inout RowSplitter) throws(LeaderboardError) -> [[UInt8]] {
            // ByteBuffer's own closure forgets which error it throws.
            let result: Result<[[UInt8]], LeaderboardError> = part.withUnsafeReadableBytes { bytes in
                do throws(LeaderboardError) { return .success(try splitter.receive(bytes)) } catch { return .failure(error) }
            }
            return try result.get()
        }

        private mutating func nextPart() async throws(LeaderboardError) -> ByteBuffer? {
            let deadline = deadline ?? .now + Leaderboard.timeout
            self.deadline = deadline
            guard ContinuousClock.now <= deadline else { throw .transport("took longer than \(Leaderboard.timeout)") }
            do {
                if parts == nil {
                    let response = try await client.execute(HTTPClientRequest(url: url), timeout: TimeAmount(Leaderboard.timeout))
                    guard response.status == .ok else { throw LeaderboardError.transport("HTTP \(response.status.code)") }
                    parts = response.body.makeAsyncIterator()
                }
                return try await parts!.next()
            } catch let error as LeaderboardError {
                throw error
            } catch {
                throw .transport("\(error)")
            }
        }
    }
}

extension ExchangeClient {
    /// - Parameter url: a plain GET.
    public func leaderboard(from url: String = Leaderboard.mainnetURL) -> Leaderboard { Leaderboard(url: url, client: client) }
}
