/// Everything that is wrong with a configuration file.
public struct ConfigFaults: Error, Sendable, Equatable, CustomStringConvertible {
    public var faults: [ConfigFault]

    public init(_ faults: [ConfigFault]) { self.faults = faults }

    /// One line for each.
    public var description: String { faults.map(\.description).joined(separator: "\n") }
}

/// One thing wrong at one place.
public struct ConfigFault: Sendable, Equatable, CustomStringConvertible {
    public var file: String
    /// From 1; 0 when it concerns the whole file.
    public var line: Int
    /// Such as `subscriptions[3].sizing.notional`; empty when it concerns no field.
    public var field: String
    /// What the file has there; `nil` when it has nothing, or a secret.
    public var value: String?
    /// Reads on after the value: `is not a decimal number`.
    public var problem: String

    public init(file: String, line: Int, field: String, value: String? = nil, problem: String) {
        self.file = file
        self.line = line
        self.field = field
        self.value = value
        self.problem = problem
    }

    public var description: String {
        "\(file):\(line): " + (field.isEmpty ? "" : "\(field): ") + (value.map { "\"\($0.prefix(80))\" " } ?? "") + problem
    }
}

/// Where readers put what they find, so that reading goes on to the end.
final class FaultList {
    /// What is told at most; a file with more has one mistake many times.
    static let maximum = 1_000
    private(set) var faults: [ConfigFault] = []

    func add(_ place: Place, value: String? = nil, _ problem: String) {
        guard faults.count < Self.maximum else { return }
        // a key in the wrong place, such as where its file's name belongs, is not to be shown by the fault
        let field = place.field.mayHoldKey ? "(what may be a key is not shown)" : place.field
        let value = value.flatMap { $0.mayHoldKey ? nil : $0 }
        faults.append(ConfigFault(file: place.file, line: place.line, field: field, value: value, problem: problem.mayHoldKey ? "is wrong" : problem))
    }

    /// In the order of the file.
    var sorted: [ConfigFault] { faults.sorted { ($0.file, $0.line, $0.field) < ($1.file, $1.line, $1.field) } }
}

extension String {
    /// Whether it has as many hexadecimal digits in a row as a private key.
    var mayHoldKey: Bool {
        var run = 0
        for byte in utf8 {
            run = Character(Unicode.Scalar(byte)).isHexDigit ? run + 1 : 0
            if run == 64 { return true }
        }
        return false
    }
}

/// A place in a file.
struct Place: Sendable, Equatable {
    var file: String
    var line: Int
    var field: String

    func member(_ name: String, line: Int) -> Place { Place(file: file, line: line, field: field.isEmpty ? name : "\(field).\(name)") }
    func element(_ index: Int, line: Int) -> Place { Place(file: file, line: line, field: "\(field)[\(index)]") }
}
