import Cryptography
import Testing

@Suite("Sealing secrets")
struct SealingTests {
    private let key = (0..<32).map { UInt8($0) }
    private let row = Array("subscriber-7".utf8)

    @Test("what was sealed opens with the same key and row", arguments: [0, 1, 32, 1000])
    func roundTrip(count: Int) throws {
        let plain = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
        let sealed = try AES256GCM.seal(plain, key: key, associatedData: row)
        #expect(sealed.count == 12 + count + 16)
        #expect(try AES256GCM.open(sealed, key: key, associatedData: row) == plain)
    }

    /// Test case 16 of the GCM specification (McGrew and Viega): AES-256, 60 bytes, 20 bytes of associated data.
    @Test("the specification's sealed text opens")
    func knownAnswer() throws {
        let key = try #require(Hexadecimal.bytes("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"))
        let nonce = try #require(Hexadecimal.bytes("cafebabefacedbaddecaf888"))
        let text = try #require(
            Hexadecimal.bytes(
                "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"))
        let tag = try #require(Hexadecimal.bytes("76fc6ece0f4e1768cddf8853bb2d551b"))
        let data = try #require(Hexadecimal.bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2"))
        let plain = try AES256GCM.open(nonce + text + tag, key: key, associatedData: data)
        #expect(
            Hexadecimal.text(plain)
                == "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39")
    }

    @Test("two sealings of one secret differ")
    func randomNonce() throws {
        let first = try AES256GCM.seal([1, 2, 3], key: key, associatedData: row)
        let second = try AES256GCM.seal([1, 2, 3], key: key, associatedData: row)
        #expect(first != second)
    }

    @Test("another row, another key, or any altered byte does not open")
    func authentication() throws {
        let sealed = try AES256GCM.seal([1, 2, 3], key: key, associatedData: row)
        #expect(throws: CryptographyError.authenticationFailed) {
            try AES256GCM.open(sealed, key: key, associatedData: Array("subscriber-8".utf8))
        }
        #expect(throws: CryptographyError.authenticationFailed) {
            try AES256GCM.open(sealed, key: key.reversed(), associatedData: row)
        }
        for index in sealed.indices {
            var altered = sealed
            altered[index] ^= 1
            #expect(throws: CryptographyError.authenticationFailed) {
                try AES256GCM.open(altered, key: key, associatedData: row)
            }
        }
    }

    @Test("wrong lengths are named")
    func lengths() throws {
        #expect(throws: CryptographyError.invalidSealingKeyLength(16)) {
            try AES256GCM.seal([1], key: Array(key.prefix(16)), associatedData: row)
        }
        #expect(throws: CryptographyError.sealedTooShort(27)) {
            try AES256GCM.open([UInt8](repeating: 0, count: 27), key: key, associatedData: row)
        }
    }
}
