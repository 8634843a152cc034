import Foundation

extension Settings {
    /// Keys that only some commands need: absent is no fault until one asks.
    public struct Keys: Sendable {
        public let sealingKey: Secret?
        /// That earlier seals may still need.
        public let oldSealingKeys: [Secret]
        public let signingKey: Secret?

        init(_ reader: inout SettingsReader) {
            sealingKey = reader.secret("SEALING_KEY", valid: Settings.isSealingKey)
            oldSealingKeys = reader.secrets(files: "SEALING_KEYS_OLD_FILES", valid: Settings.isSealingKey)
            signingKey = reader.secret("SIGNING_KEY", valid: Settings.isKey)
        }

        public func requireSealingKey() throws(SettingsFaults) -> Secret { try require(sealingKey, "SEALING_KEY") }
        public func requireSigningKey() throws(SettingsFaults) -> Secret { try require(signingKey, "SIGNING_KEY") }

        private func require(_ key: Secret?, _ knob: String) throws(SettingsFaults) -> Secret {
            guard let key else {
                let name = "VIBE_" + knob
                let kind = Knob.keys.first { $0.name == name }?.kind.expected ?? "a key"
                throw SettingsFaults([SettingsFault(name: name, value: nil, expected: "\(kind), here or in the file that \(name)_FILE names")])
            }
            return key
        }
    }

    /// 32 bytes in hexadecimal or in base64, whose padding may be left out.
    static func isSealingKey(_ text: String) -> Bool {
        isKey(text) || Data(base64Encoded: text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4))?.count == 32
    }

    /// 32 bytes in hexadecimal, with or without `0x`.
    static func isKey(_ text: String) -> Bool {
        let digits = text.hasPrefix("0x") ? text.dropFirst(2) : Substring(text)
        return digits.utf8.count == 64 && digits.allSatisfy(\.isHexDigit)
    }
}
