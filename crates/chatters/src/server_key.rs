//! The server's RSA key: what clients know the server by.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use domain::Random;
use mtproto::RsaPrivateKey;

/// The file with the key, beside the root key: a copy of the data folder must not be able to pass for the
/// server.
pub(crate) fn file_beside(root_key: &Path) -> PathBuf {
    root_key.with_file_name("server_key.pem")
}

/// Reads the key (PKCS#1 PEM), or makes one when there is no file. An existing file is never replaced:
/// with another key no client would know the server any more.
pub(crate) fn load_or_create(path: &Path, random: &dyn Random) -> Result<RsaPrivateKey, String> {
    let failed = |why: &dyn std::fmt::Display| format!("server key {}: {why}", path.display());
    match fs::read_to_string(path) {
        Ok(pem) => {
            let mode = fs::metadata(path).map_err(|why| failed(&why))?.permissions().mode();
            if mode & 0o077 != 0 {
                return Err(failed(&"others may read it (chmod 600)"));
            }
            RsaPrivateKey::from_pem(&pem).map_err(|why| failed(&why))
        }
        Err(why) if why.kind() == ErrorKind::NotFound => {
            let key = generate(random);
            keep(path, key.to_pem().as_bytes()).map_err(|why| failed(&why))?;
            Ok(key)
        }
        Err(why) => Err(failed(&why)),
    }
}

/// mtcute (0.30) writes fingerprints as hexadecimal without leading zeros and looks for them with: it would
/// never find one key in sixteen.
fn generate(random: &dyn Random) -> RsaPrivateKey {
    loop {
        let key = RsaPrivateKey::generate(&mut |bytes: &mut [u8]| random.fill(bytes));
        if is_found_by_all(key.public().fingerprint()) {
            return key;
        }
    }
}

fn is_found_by_all(fingerprint: i64) -> bool {
    fingerprint.cast_unsigned() >> 60 != 0
}

fn keep(path: &Path, pem: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(pem)?;
    file.sync_all()?;
    // The name has to be as durable as the content.
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemRandom;

    #[test]
    fn fingerprints_begin_with_a_digit() {
        for (fingerprint, found) in [
            (0x0f2f_ad28_1b4b_4b75, false),
            (0x1f2f_ad28_1b4b_4b75, true),
            (-1, true),
            (i64::MIN, true),
            (0, false),
        ] {
            assert_eq!(is_found_by_all(fingerprint), found, "{fingerprint:x}");
        }
        assert!(is_found_by_all(generate(&SystemRandom).public().fingerprint()));
    }

    #[test]
    fn the_key_is_made_once_and_kept_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = file_beside(&folder.path().join("keys").join("root.key"));
        let made = load_or_create(&path, &SystemRandom).unwrap();
        let read = load_or_create(&path, &SystemRandom).unwrap();
        assert_eq!(made.public().fingerprint(), read.public().fingerprint());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(load_or_create(&path, &SystemRandom).err().unwrap().contains("chmod"));

        fs::write(&path, "not a key").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(load_or_create(&path, &SystemRandom).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "not a key");
    }
}
