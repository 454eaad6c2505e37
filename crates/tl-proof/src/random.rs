/// Random numbers from a seed; the same seed gives the same numbers for ever.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Takes the seed from `TL_SEED`, or the one given, and prints it for a failing test to show.
    pub fn announced(seed: u64) -> Self {
        let seed = std::env::var("TL_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(seed);
        println!("TL_SEED={seed}");
        Self(seed)
    }

    pub fn number(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `bound`, without it.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.number() % bound.max(1) as u64) as usize
    }

    pub fn coin(&mut self) -> bool {
        self.number() & 1 == 1
    }
}
