//! Where the root key comes from.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use domain::Random;
use zeroize::Zeroizing;

use crate::StoreError;

/// A holder of the root key.
pub trait RootKeys: Send + Sync {
    /// The root key. A new one may be made only when `fresh`, that is when no data key has been
    /// wrapped yet; otherwise a missing key is an error.
    fn root(&self, fresh: bool, random: &dyn Random) -> Result<Zeroizing<[u8; 32]>, StoreError>;
}

/// The embedded default: one file, readable by its owner only, outside of the data folder.
pub struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    fn read(&self, mut file: File) -> Result<Zeroizing<[u8; 32]>, StoreError> {
        self.check_mode(&file)?;
        // One byte more than a key, to see whether the file ends where it must.
        let mut bytes = Zeroizing::new([0; 33]);
        let mut length = 0;
        while length < bytes.len() {
            match file.read(&mut bytes[length..]) {
                Ok(0) => break,
                Ok(count) => length += count,
                Err(error) => return Err(self.failure("cannot be read", &error)),
            }
        }
        let key: [u8; 32] = bytes[..length]
            .try_into()
            .map_err(|_| StoreError::RootKey(format!("{} is not 32 bytes long", self.path.display())))?;
        Ok(Zeroizing::new(key))
    }

    #[cfg(unix)]
    fn check_mode(&self, file: &File) -> Result<(), StoreError> {
        use std::os::unix::fs::PermissionsExt;
        let mode =
            file.metadata().map_err(|error| self.failure("cannot be read", &error))?.permissions().mode();
        if mode & 0o077 != 0 {
            let path = self.path.display();
            return Err(StoreError::RootKey(format!("others may read {path}; set its mode to 0600")));
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fn check_mode(&self, _file: &File) -> Result<(), StoreError> {
        Ok(())
    }

    /// Writes a new key beside its place and moves it there, so that no half key is ever found.
    fn create(&self, random: &dyn Random) -> Result<Zeroizing<[u8; 32]>, StoreError> {
        let key = Zeroizing::new(random.bytes::<32>());
        let folder = self.path.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let draft = self.path.with_extension("new");
        let write = || -> std::io::Result<()> {
            fs::create_dir_all(folder)?;
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&draft)?;
            file.write_all(key.as_slice())?;
            file.sync_all()?;
            fs::rename(&draft, &self.path)?;
            File::open(folder)?.sync_all()
        };
        write().map_err(|error| self.failure("cannot be written", &error))?;
        Ok(key)
    }

    fn failure(&self, what: &str, error: &std::io::Error) -> StoreError {
        StoreError::RootKey(format!("{} {what}: {error}", self.path.display()))
    }
}

impl RootKeys for KeyFile {
    fn root(&self, fresh: bool, random: &dyn Random) -> Result<Zeroizing<[u8; 32]>, StoreError> {
        match File::open(&self.path) {
            Ok(file) => self.read(file),
            Err(error) if error.kind() == ErrorKind::NotFound && fresh => self.create(random),
            Err(error) => Err(self.failure("cannot be opened", &error)),
        }
    }
}
