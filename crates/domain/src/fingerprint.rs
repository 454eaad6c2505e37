//! Hashes of static lists: clients send the last one back, and get `notModified` while it is the same.

/// FNV-1a over strings, each closed by a byte that no string has.
pub(crate) struct Fingerprint(u32);

impl Default for Fingerprint {
    fn default() -> Self {
        Self(0x811c_9dc5)
    }
}

impl Fingerprint {
    pub(crate) fn add(&mut self, part: &str) {
        for byte in part.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
    }

    /// Positive and never 0: a client without a list sends 0.
    pub(crate) fn hash(&self) -> i32 {
        (self.0 >> 1).max(1).cast_signed()
    }
}
