import Foundation
import JSON

/// A JSON file that the simulator is started with.
enum JSONFile {
    /// - Throws: ``HyperSimError/configuration(_:)`` that names the file, when it cannot be read or is not what is expected.
    static func read<Value>(_ path: String, _ value: (JSON) throws(JSONError) -> Value) throws(HyperSimError) -> Value {
        let data: Data
        do { data = try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
            throw .configuration("\(path): cannot be read: \(error.localizedDescription)")
        }
        do { return try value(try JSON.parse([UInt8](data))) } catch { throw .configuration("\(path): \(error)") }
    }
}
