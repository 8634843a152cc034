import Cryptography
import JSON

/// The part of EIP-712 (https://eips.ethereum.org/EIPS/eip-712) that Hyperliquid uses: one flat struct under one domain.
enum TypedData {
    /// One member of a struct type, for example `("amount", "string")`.
    struct Field: Sendable, Equatable {
        var name: String
        var type: String
        init(_ name: String, _ type: String) {
            self.name = name
            self.type = type
        }
    }

    /// `keccak(type ‖ keccak(name) ‖ keccak("1") ‖ chainId ‖ zero address)`: version 1 and no verifying contract, throughout.
    static func domainSeparator(name: String, chainID: UInt64) -> [UInt8] {
        var encoded = Keccak256.hash(Array("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)".utf8))
        encoded += Keccak256.hash(Array(name.utf8))
        encoded += Keccak256.hash(Array("1".utf8))
        encoded += word(chainID)
        encoded += [UInt8](repeating: 0, count: 32)
        return Keccak256.hash(encoded)
    }

    /// `keccak(keccak(type text) ‖ each member as a 32-byte word)`; members of `values` not in `fields` are not hashed.
    static func structHash(typeName: String, fields: [Field], values: JSON) throws(SigningError) -> [UInt8] {
        let type = typeName + "(" + fields.map { "\($0.type) \($0.name)" }.joined(separator: ",") + ")"
        var encoded = Keccak256.hash(Array(type.utf8))
        for field in fields {
            guard let value = values[field.name] else { throw SigningError(field: field.name, problem: "missing") }
            do { encoded += try word(value, type: field.type) } catch { throw error.inside(field.name) }
        }
        return Keccak256.hash(encoded)
    }

    /// `keccak(0x1901 ‖ domain separator ‖ struct hash)`: what is signed.
    static func digest(domainSeparator: [UInt8], structHash: [UInt8]) -> [UInt8] {
        Keccak256.hash([0x19, 0x01] + domainSeparator + structHash)
    }

    private static func word(_ value: JSON, type: String) throws(SigningError) -> [UInt8] {
        switch (type, value) {
        case ("string", .string(let text)): return Keccak256.hash(Array(text.utf8))
        case ("bool", .bool(let flag)): return word(flag ? 1 : 0)
        case ("uint64", .number(let text)):
            guard let number = UInt64(text) else { throw SigningError(problem: "\(text.prefix(40)) is not a whole number of 64 bits") }
            return word(number)
        case ("address", .string(let text)): return [UInt8](repeating: 0, count: 12) + (try AddressBytes.of(text))
        case ("string", _), ("bool", _), ("uint64", _), ("address", _):
            throw SigningError(problem: "expected a value of type \(type), found \(value.kind)")
        default: throw SigningError(problem: "type \(type) is not one of string, bool, uint64, address")
        }
    }

    private static func word(_ value: UInt64) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 24)
        MessagePack.append(bigEndian: value, to: &bytes)
        return bytes
    }
}

enum AddressBytes {
    /// The 20 bytes of a `0x` address.
    static func of(_ text: String) throws(SigningError) -> [UInt8] {
        guard text.hasPrefix("0x"), let bytes = Hexadecimal.bytes(text), bytes.count == 20 else {
            throw SigningError(problem: "\"\(text.prefix(60))\" is not an address of 0x and 40 hexadecimal digits")
        }
        return bytes
    }
}
