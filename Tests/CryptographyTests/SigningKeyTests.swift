import Cryptography
import Testing

@Suite("Signing keys")
struct SigningKeyTests {
    private static let text = "0123456789012345678901234567890123456789012345678901234567890123"

    @Test("a key's address is the one the exchange knows, with and without 0x")
    func address() throws {
        #expect(try SigningKey(hexadecimal: Self.text).address == "0x14791697260e4c9a71f18484c9f997b308e59325")
        #expect(try SigningKey(hexadecimal: "0x" + Self.text).address == "0x14791697260e4c9a71f18484c9f997b308e59325")
    }

    @Test("a signature recovers to its key, is the same each time, and has a low s")
    func signature() throws {
        let key = try SigningKey(hexadecimal: Self.text)
        let halfOrder = try #require(Hexadecimal.bytes("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0"))
        for index in UInt8(0)..<64 {
            let digest = Keccak256.hash([index])
            let signature = key.sign(digest: digest)
            #expect(signature.recoverAddress(digest: digest) == key.address)
            #expect(signature == key.sign(digest: digest))
            #expect(!halfOrder.lexicographicallyPrecedes(signature.s))
            #expect(signature.recoverAddress(digest: Keccak256.hash([index, 1])) != key.address)
        }
    }

    @Test("a malformed signature recovers to nothing")
    func malformedSignature() throws {
        let digest = Keccak256.hash([1])
        let good = try SigningKey(hexadecimal: Self.text).sign(digest: digest)
        let zero = [UInt8](repeating: 0, count: 32)
        let tooLarge = [UInt8](repeating: 0xFF, count: 32)
        #expect(RecoverableSignature(r: zero, s: zero, v: 27).recoverAddress(digest: digest) == nil)
        #expect(RecoverableSignature(r: tooLarge, s: good.s, v: 27).recoverAddress(digest: digest) == nil)
        #expect(RecoverableSignature(r: good.r, s: good.s, v: 26).recoverAddress(digest: digest) == nil)
        #expect(RecoverableSignature(r: good.r, s: good.s, v: 29).recoverAddress(digest: digest) == nil)
        #expect(RecoverableSignature(r: Array(good.r.dropFirst()), s: good.s, v: 27).recoverAddress(digest: digest) == nil)
        #expect(good.recoverAddress(digest: Array(digest.dropFirst())) == nil)
    }

    @Test(
        "text that is no key is refused without being repeated",
        arguments: [
            "", "0x", "12", String(repeating: "0", count: 64), String(repeating: "f", count: 64), String(repeating: "g", count: 64),
            String(repeating: "1", count: 66),
        ])
    func invalidKeys(text: String) {
        #expect(throws: CryptographyError.invalidPrivateKey) { try SigningKey(hexadecimal: text) }
    }

    @Test("R-92: no way of printing a key shows it")
    func neverShown() throws {
        let key = try SigningKey(hexadecimal: Self.text)
        var dumped = ""
        dump(key, to: &dumped)
        struct Holder { let key: SigningKey }
        var dumpedHolder = ""
        dump(Holder(key: key), to: &dumpedHolder)
        for shown in ["\(key)", String(reflecting: key), dumped, dumpedHolder, "\(Holder(key: key))", "\(CryptographyError.invalidPrivateKey)"] {
            #expect(!shown.lowercased().contains("0123456789"), "\(shown)")
            #expect(!shown.contains("35, 69, 103"), "\(shown)")
        }
    }
}
