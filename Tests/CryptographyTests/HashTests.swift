import Cryptography
import Testing

@Suite("Hashes")
struct HashTests {
    @Test(
        "SHA-256 gives the published digests",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ])
    func sha256(text: String, expected: String) {
        #expect(Hexadecimal.text(SHA256.hash(Array(text.utf8))) == expected)
        #expect(Hexadecimal.text(SHA256.hash(text.utf8)) == expected)
    }

    @Test(
        "Keccak-256 uses the original padding, not SHA-3's",
        arguments: [
            ("", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
            ("abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
            ("testing", "5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02"),
        ])
    func keccak256(text: String, expected: String) {
        #expect(Hexadecimal.text(Keccak256.hash(Array(text.utf8))) == expected)
    }

    /// Digests of i bytes `i mod 251`, folded into one: computed with two independent implementations.
    @Test("Keccak-256 handles every length around its block of 136 bytes")
    func keccakLengths() {
        var digests: [UInt8] = []
        for count in 0...300 { digests += Keccak256.hash((0..<count).map { UInt8($0 % 251) }) }
        #expect(Hexadecimal.text(Keccak256.hash(digests)) == "4ac8a3b6d9ae989d0806e1dc0dca107b1b963d4123c8eefa4743ee2e4db1af28")
    }
}

@Suite("Hexadecimal")
struct HexadecimalTests {
    @Test("bytes survive the way to text and back")
    func roundTrip() {
        let bytes = (0...255).map { UInt8($0) }
        #expect(Hexadecimal.bytes(Hexadecimal.text(bytes)) == bytes)
        #expect(Hexadecimal.text([0x00, 0x0A, 0xFF].prefix(2)) == "000a")
    }

    @Test("a prefix and upper case are read")
    func lenientForms() {
        #expect(Hexadecimal.bytes("0xDEadBEef") == [0xDE, 0xAD, 0xBE, 0xEF])
        #expect(Hexadecimal.bytes("0x") == [])
        #expect(Hexadecimal.bytes("") == [])
    }

    @Test("anything else is refused", arguments: ["0", "0x0", "0xzz", "x0", "00 ", "0X00", "é0"])
    func malformed(text: String) {
        #expect(Hexadecimal.bytes(text) == nil)
    }
}
