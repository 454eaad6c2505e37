//! Taking decisions, numbers and bytes out of an input.

use crypto::RandomSource;

/// What is left of an input. An input that is at its end gives zeros.
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// At most `count` bytes.
    pub fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let taken = self.take(N);
        array[..taken.len()].copy_from_slice(taken);
        array
    }

    pub fn u8(&mut self) -> u8 {
        u8::from_le_bytes(self.array())
    }

    pub fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    pub fn i32(&mut self) -> i32 {
        i32::from_le_bytes(self.array())
    }

    pub fn i64(&mut self) -> i64 {
        i64::from_le_bytes(self.array())
    }

    pub fn coin(&mut self) -> bool {
        self.u8() & 1 == 1
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::from(self.u8()) % from.len()]
    }

    /// Bytes of a length that the input says.
    pub fn chunk(&mut self) -> &'a [u8] {
        let length = usize::from(self.u8());
        self.take(length)
    }

    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    /// Changes some bytes of something good: as many as the input says, mostly none.
    pub fn spoil(&mut self, bytes: &mut Vec<u8>) {
        let times = self.u8();
        if times < 128 {
            return;
        }
        for _ in 0..times % 4 + 1 {
            let (at, how) = (usize::from(self.u16()), self.u8());
            if bytes.is_empty() {
                return;
            }
            let at = at % bytes.len();
            match how % 8 {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, self.u8()),
                2 => drop(bytes.remove(at)),
                3 => bytes.extend_from_slice(self.chunk()),
                4 => bytes[at] = self.u8(),
                5 => bytes[at] = 0xff,
                6 => bytes[at] = 0,
                _ => bytes[at] ^= 1 << (how >> 5),
            }
        }
    }
}

/// The same bytes for the same seed (SplitMix64).
pub struct Seeded(pub u64);

impl Seeded {
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl RandomSource for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.number().to_le_bytes()[..chunk.len()]);
        }
    }
}
