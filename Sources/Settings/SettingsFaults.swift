/// One thing that is wrong with the environment.
public struct SettingsFault: Sendable, Equatable, CustomStringConvertible {
    public let name: String
    /// What was found; `nil` when nothing was, or when it is a secret.
    public let value: String?
    /// What is expected instead.
    public let expected: String

    public init(name: String, value: String?, expected: String) {
        self.name = name
        self.value = value
        self.expected = expected
    }

    public var description: String {
        value.map { "\(name)=\($0): expected \(expected)" } ?? "\(name): expected \(expected)"
    }
}

/// Everything that is wrong, at once; the process ends with exit code ``exitCode``.
public struct SettingsFaults: Error, Sendable, Equatable, CustomStringConvertible {
    /// EX_CONFIG.
    public static let exitCode: Int32 = 78

    public let faults: [SettingsFault]

    public init(_ faults: [SettingsFault]) { self.faults = faults }

    public var description: String {
        let title = faults.count == 1 ? "1 fault in the settings:" : "\(faults.count) faults in the settings:"
        return ([title] + faults.map { "  \($0)" } + ["Every variable is documented in env/."]).joined(separator: "\n")
    }
}
