//! Whether a root key opens data keys, found out without a vault: nothing is made, nothing is written.

use domain::Random;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{DATA_KEYS, Owner, RootKeys, RowKey, expand, place, prove};
use crate::StoreError;
use crate::vault::cipher::Cipher;

/// Data keys as they lie on disk, or some of them.
pub(crate) struct Wrapped {
    /// What the right root key derives.
    pub(crate) proof: Vec<u8>,
    /// Kind and id of the owner, and the key.
    pub(crate) keys: Vec<(i64, i64, Vec<u8>)>,
}

/// A holder that is asked for what there is makes nothing up.
struct Nothing;

impl Random for Nothing {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// Opens each of the keys, and gives how many there were; those that were forgotten do not count.
pub(crate) fn open_all(wrapped: &Wrapped, holder: &dyn RootKeys) -> Result<usize, StoreError> {
    let key = holder.root(false, &Nothing)?;
    let root = Hkdf::<Sha256>::new(Some(super::SALT), key.as_slice());
    prove(&root, &wrapped.proof)?;
    let wrap = Cipher::new(&expand(&root, "wrap"));
    let mut count = 0;
    for (kind, id, sealed) in &wrapped.keys {
        if sealed.iter().all(|byte| *byte == 0) {
            continue;
        }
        let owner = Owner::from_parts(*kind, *id).ok_or_else(|| StoreError::corrupt("data_keys", "kind"))?;
        let place = place::associated(DATA_KEYS, owner, RowKey::from(0));
        let plain = wrap.open(&place, sealed).map(Zeroizing::new);
        plain.filter(|plain| plain.len() == 32).ok_or(StoreError::Sealed { place: DATA_KEYS })?;
        count += 1;
    }
    Ok(count)
}
