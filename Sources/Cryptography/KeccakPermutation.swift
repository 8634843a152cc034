/// Keccak-f[1600]: 24 rounds over 25 lanes of 64 bits (https://keccak.team, "The Keccak reference", section 1.2).
///
/// Written out lane by lane, without an index or a copy in the inner loop; `lNN` is lane (x, y) with NN = x + 5y.
enum KeccakPermutation {
    static func apply(to state: UnsafeMutableBufferPointer<UInt64>) {
        precondition(state.count == 25)
        let lane = state.baseAddress!
        var l00 = lane[0], l01 = lane[1], l02 = lane[2], l03 = lane[3], l04 = lane[4]
        var l05 = lane[5], l06 = lane[6], l07 = lane[7], l08 = lane[8], l09 = lane[9]
        var l10 = lane[10], l11 = lane[11], l12 = lane[12], l13 = lane[13], l14 = lane[14]
        var l15 = lane[15], l16 = lane[16], l17 = lane[17], l18 = lane[18], l19 = lane[19]
        var l20 = lane[20], l21 = lane[21], l22 = lane[22], l23 = lane[23], l24 = lane[24]
        var round = 0
        while round < 24 {
            // θ: each lane takes in the parity of two columns.
            let c0 = l00 ^ l05 ^ l10 ^ l15 ^ l20
            let c1 = l01 ^ l06 ^ l11 ^ l16 ^ l21
            let c2 = l02 ^ l07 ^ l12 ^ l17 ^ l22
            let c3 = l03 ^ l08 ^ l13 ^ l18 ^ l23
            let c4 = l04 ^ l09 ^ l14 ^ l19 ^ l24
            let d0 = c4 ^ rotate(c1, 1)
            let d1 = c0 ^ rotate(c2, 1)
            let d2 = c1 ^ rotate(c3, 1)
            let d3 = c2 ^ rotate(c4, 1)
            let d4 = c3 ^ rotate(c0, 1)
            // ρ and π: each lane is rotated and moved.
            let b00 = l00 ^ d0
            let b01 = rotate(l06 ^ d1, 44)
            let b02 = rotate(l12 ^ d2, 43)
            let b03 = rotate(l18 ^ d3, 21)
            let b04 = rotate(l24 ^ d4, 14)
            let b05 = rotate(l03 ^ d3, 28)
            let b06 = rotate(l09 ^ d4, 20)
            let b07 = rotate(l10 ^ d0, 3)
            let b08 = rotate(l16 ^ d1, 45)
            let b09 = rotate(l22 ^ d2, 61)
            let b10 = rotate(l01 ^ d1, 1)
            let b11 = rotate(l07 ^ d2, 6)
            let b12 = rotate(l13 ^ d3, 25)
            let b13 = rotate(l19 ^ d4, 8)
            let b14 = rotate(l20 ^ d0, 18)
            let b15 = rotate(l04 ^ d4, 27)
            let b16 = rotate(l05 ^ d0, 36)
            let b17 = rotate(l11 ^ d1, 10)
            let b18 = rotate(l17 ^ d2, 15)
            let b19 = rotate(l23 ^ d3, 56)
            let b20 = rotate(l02 ^ d2, 62)
            let b21 = rotate(l08 ^ d3, 55)
            let b22 = rotate(l14 ^ d4, 39)
            let b23 = rotate(l15 ^ d0, 41)
            let b24 = rotate(l21 ^ d1, 2)
            // χ: the only non-linear step; ι: the round constant into lane 0.
            l00 = b00 ^ (~b01 & b02) ^ roundConstants[round]
            l01 = b01 ^ (~b02 & b03)
            l02 = b02 ^ (~b03 & b04)
            l03 = b03 ^ (~b04 & b00)
            l04 = b04 ^ (~b00 & b01)
            l05 = b05 ^ (~b06 & b07)
            l06 = b06 ^ (~b07 & b08)
            l07 = b07 ^ (~b08 & b09)
            l08 = b08 ^ (~b09 & b05)
            l09 = b09 ^ (~b05 & b06)
            l10 = b10 ^ (~b11 & b12)
            l11 = b11 ^ (~b12 & b13)
            l12 = b12 ^ (~b13 & b14)
            l13 = b13 ^ (~b14 & b10)
            l14 = b14 ^ (~b10 & b11)
            l15 = b15 ^ (~b16 & b17)
            l16 = b16 ^ (~b17 & b18)
            l17 = b17 ^ (~b18 & b19)
            l18 = b18 ^ (~b19 & b15)
            l19 = b19 ^ (~b15 & b16)
            l20 = b20 ^ (~b21 & b22)
            l21 = b21 ^ (~b22 & b23)
            l22 = b22 ^ (~b23 & b24)
            l23 = b23 ^ (~b24 & b20)
            l24 = b24 ^ (~b20 & b21)
            round += 1
        }
        lane[0] = l00
        lane[1] = l01
        lane[2] = l02
        lane[3] = l03
        lane[4] = l04
        lane[5] = l05
        lane[6] = l06
        lane[7] = l07
        lane[8] = l08
        lane[9] = l09
        lane[10] = l10
        lane[11] = l11
        lane[12] = l12
        lane[13] = l13
        lane[14] = l14
        lane[15] = l15
        lane[16] = l16
        lane[17] = l17
        lane[18] = l18
        lane[19] = l19
        lane[20] = l20
        lane[21] = l21
        lane[22] = l22
        lane[23] = l23
        lane[24] = l24
    }

    @inline(__always)
    private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 { value &<< count | value &>> (64 &- count) }

    private static let roundConstants: InlineArray<24, UInt64> = [
        0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
        0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
        0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
        0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
        0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
        0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
    ]
}
