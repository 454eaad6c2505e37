//! Encryption at rest.
//!
//! Every [`Owner`] has a data key; data keys are wrapped by the root key and kept apart from the
//! rows ([`table`]); the root key comes from a [`RootKeys`] holder and is never stored with either.
//! Deleting a data key makes all that was sealed under it unreadable, in every backup of the rows.
//!
//! Sealed bytes: a version byte, a 96-bit random nonce, AES-256-GCM ciphertext, a 128-bit tag. The
//! associated data binds them to table, owner and row.

mod cipher;
mod place;
mod root;
mod table;
mod trial;

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use domain::{SharedRandom, Time};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use lru::LruCache;
use sha2::Sha256;
use zeroize::Zeroizing;

use self::cipher::Cipher;
pub use self::cipher::SEAL_OVERHEAD;
pub use self::place::{Owner, RowKey};
pub use self::root::{KeyFile, RootKeys};
pub(crate) use self::table::POSTGRES_KEYS;
use self::table::{Identity, KeyTable};
pub(crate) use self::trial::{Wrapped, open_all};
use crate::{Database, StoreError, limits};

/// Place names that stand in the associated data of the vault's own ciphertexts.
const DATA_KEYS: &str = "data_keys";
/// What the root key is expanded with.
const SALT: &[u8] = b"chatters vault 1";

type HashKey = Hmac<Sha256>;

/// Makes the hashes by which values are found, and known again, without being readable.
pub trait Hashes {
    /// HMAC-SHA256 under a subkey of the root key for `purpose`, cut to 16 bytes: the same on every node.
    fn keyed_hash(&self, purpose: &'static str, value: &[u8]) -> [u8; 16];
}

impl Hashes for Vault {
    fn keyed_hash(&self, purpose: &'static str, value: &[u8]) -> [u8; 16] {
        Self::keyed_hash(self, purpose, value)
    }
}

/// Seals, opens, hashes. Holds keys: never printed, wiped when dropped.
pub struct Vault {
    wrap: Cipher,
    root: Hkdf<Sha256>,
    hashes: RwLock<HashMap<&'static str, HashKey>>,
    table: Box<dyn KeyTable>,
    id: Vec<u8>,
    cache: Mutex<LruCache<Owner, Arc<Cipher>>>,
    /// Counts forgotten keys, so that a key read before cannot enter the cache after.
    forgotten: AtomicU64,
    random: SharedRandom,
}

impl Vault {
    pub(crate) fn open(
        keys: &Database,
        holder: &dyn RootKeys,
        random: SharedRandom,
    ) -> Result<Self, StoreError> {
        let table = table::open(keys)?;
        let known = table.identity()?;
        let key = holder.root(known.is_none(), &*random)?;
        let root = Hkdf::<Sha256>::new(Some(SALT), key.as_slice());
        if known.is_none() {
            table.set_identity(&Identity { id: random.bytes::<16>().to_vec(), proof: proof_of(&root) })?;
        }
        // Another node may have been first, with this root key or with another.
        let identity = table.identity()?.ok_or_else(|| StoreError::corrupt("identity", "missing"))?;
        prove(&root, &identity.proof)?;
        let capacity = NonZeroUsize::new(limits::KEY_CACHE).expect("the limit is not zero");
        Ok(Self {
            wrap: Cipher::new(&expand(&root, "wrap")),
            root,
            hashes: RwLock::default(),
            table,
            id: identity.id,
            cache: Mutex::new(LruCache::new(capacity)),
            forgotten: AtomicU64::new(0),
            random,
        })
    }

    /// What tells this vault's data keys from others. No secret.
    pub(crate) fn id(&self) -> &[u8] {
        &self.id
    }

    pub(crate) fn seal(
        &self,
        owner: Owner,
        table: &'static str,
        row: RowKey,
        plain: &[u8],
        now: Time,
    ) -> Result<Vec<u8>, StoreError> {
        debug_assert!(crate::catalogue::is_sealed(table), "{table} is no sealed column of the catalogue");
        let key = match self.data_key(owner)? {
            Some(key) => key,
            None => self.create_key(owner, now)?,
        };
        Ok(key.seal(&self.nonce(), &place::associated(table, owner, row), plain))
    }

    pub(crate) fn open_sealed(
        &self,
        owner: Owner,
        table: &'static str,
        row: RowKey,
        sealed: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        debug_assert!(crate::catalogue::is_sealed(table), "{table} is no sealed column of the catalogue");
        let key = self.data_key(owner)?.ok_or(StoreError::Shredded)?;
        let place = place::associated(table, owner, row);
        key.open(&place, sealed).ok_or(StoreError::Sealed { place: table })
    }

    /// Makes data keys that were created since the last call durable.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        self.table.flush().inspect_err(|_| self.cache().clear())
    }

    /// Deletes an owner's data key for good.
    ///
    /// Errors: [`StoreError::Unavailable`] also when the key is gone but a copy of it may be left on the disk: to be
    /// tried again.
    pub(crate) fn forget(&self, owner: Owner) -> Result<(), StoreError> {
        let outcome = self.table.forget(owner);
        // Also after a failure: nothing may be sealed with it any more.
        self.evict(owner);
        outcome
    }

    /// Ids above `after` of users whose data keys are gone for good, in rising order.
    pub(crate) fn forgotten_users(&self, after: i64, limit: i64) -> Result<Vec<i64>, StoreError> {
        let (kind, _) = Owner::User(0).parts();
        self.table.forgotten(kind, after, limit)
    }

    /// Drops a data key from memory because it was deleted, here or by another node.
    pub(crate) fn evict(&self, owner: Owner) {
        let mut cache = self.cache();
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        cache.pop(&owner);
    }

    /// HMAC-SHA256 under a subkey of the root key for `purpose`, cut to 16 bytes.
    pub fn keyed_hash(&self, purpose: &'static str, value: &[u8]) -> [u8; 16] {
        let mut mac = self.hash_key(purpose);
        mac.update(value);
        cut(mac)
    }

    /// A secret of the server for one purpose, the same on every node: a subkey of the root key.
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let mut secret = Zeroizing::new([0; 32]);
        self.root
            .expand_multi_info(&[b"secret\0", purpose.as_bytes()], secret.as_mut_slice())
            .expect("32 bytes are within the reach of HKDF");
        secret
    }

    fn hash_key(&self, purpose: &'static str) -> HashKey {
        if let Some(key) = self.hashes.read().unwrap_or_else(PoisonError::into_inner).get(purpose) {
            return key.clone();
        }
        let mut subkey = Zeroizing::new([0; 32]);
        self.root
            .expand_multi_info(&[b"hash\0", purpose.as_bytes()], subkey.as_mut_slice())
            .expect("32 bytes are within the reach of HKDF");
        let key = HashKey::new_from_slice(subkey.as_slice()).expect("HMAC takes keys of any length");
        let mut hashes = self.hashes.write().unwrap_or_else(PoisonError::into_inner);
        if hashes.len() < limits::HASH_PURPOSES {
            hashes.insert(purpose, key.clone());
        }
        key
    }

    fn data_key(&self, owner: Owner) -> Result<Option<Arc<Cipher>>, StoreError> {
        if let Some(key) = self.cache().get(&owner) {
            return Ok(Some(Arc::clone(key)));
        }
        let before = self.forgotten.load(Ordering::SeqCst);
        let Some(wrapped) = self.table.load(owner)? else { return Ok(None) };
        let key = Arc::new(self.unwrap(owner, &wrapped)?);
        let mut cache = self.cache();
        if self.forgotten.load(Ordering::SeqCst) == before {
            cache.put(owner, Arc::clone(&key));
        }
        Ok(Some(key))
    }

    fn create_key(&self, owner: Owner, now: Time) -> Result<Arc<Cipher>, StoreError> {
        let plain = Zeroizing::new(self.random.bytes::<32>());
        let place = place::associated(DATA_KEYS, owner, RowKey::from(0));
        let wrapped = self.wrap.seal(&self.nonce(), &place, plain.as_slice());
        let stored = self.table.create(owner, &wrapped, now)?;
        let key = Arc::new(self.unwrap(owner, &stored)?);
        self.cache().put(owner, Arc::clone(&key));
        Ok(key)
    }

    fn unwrap(&self, owner: Owner, wrapped: &[u8]) -> Result<Cipher, StoreError> {
        // A forgotten key leaves zeroes behind, so that nobody makes a new one for its owner.
        if wrapped.iter().all(|byte| *byte == 0) {
            return Err(StoreError::Shredded);
        }
        let place = place::associated(DATA_KEYS, owner, RowKey::from(0));
        let plain =
            Zeroizing::new(self.wrap.open(&place, wrapped).ok_or(StoreError::Sealed { place: DATA_KEYS })?);
        let key =
            <&[u8; 32]>::try_from(plain.as_slice()).map_err(|_| StoreError::Sealed { place: DATA_KEYS })?;
        Ok(Cipher::new(key))
    }

    fn nonce(&self) -> [u8; 12] {
        self.random.bytes()
    }

    fn cache(&self) -> MutexGuard<'_, LruCache<Owner, Arc<Cipher>>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cut(mac: HashKey) -> [u8; 16] {
    let full: [u8; 32] = mac.finalize().into_bytes().into();
    let mut hash = [0; 16];
    hash.copy_from_slice(&full[..16]);
    hash
}

/// What is stored beside the data keys, so that another root key is known as one.
fn proof_of(root: &Hkdf<Sha256>) -> Vec<u8> {
    expand(root, "root check").to_vec()
}

/// Refuses a root key that is not the one whose proof is stored.
fn prove(root: &Hkdf<Sha256>, stored: &[u8]) -> Result<(), StoreError> {
    if proof_of(root) != stored {
        return Err(StoreError::RootKey("not the one that the data keys are wrapped with".into()));
    }
    Ok(())
}

fn expand(root: &Hkdf<Sha256>, label: &str) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    root.expand(label.as_bytes(), key.as_mut_slice()).expect("32 bytes are within the reach of HKDF");
    key
}
