//! What a backup says of itself.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{BackupError, folder};

/// The form of a backup; another number is another form.
pub const FORMAT: u32 = 1;

const NAME: &str = "manifest.json";

/// Longer than any manifest.
const BYTES_MAX: u64 = 1 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// All tables, their content sealed.
    Rows,
    /// The wrapped data keys.
    Keys,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rows => "rows",
            Self::Keys => "data keys",
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineName {
    Sqlite,
    Postgres,
}

impl fmt::Display for EngineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// `manifest.json`. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub format: u32,
    pub kind: Kind,
    pub engine: EngineName,
    /// Of the program that took the backup.
    pub version: String,
    /// Milliseconds since the epoch. Of rows: not before the moment that the backup shows. Of data keys: not
    /// after it.
    pub taken_at_ms: i64,
    /// The identity (hexadecimal) that rows and data keys share.
    pub vault: String,
    /// The fingerprint of the server's RSA key, by which clients know the server.
    pub server_key: Option<String>,
    /// SHA-256 of each migration that had run, in order.
    pub migrations: Vec<String>,
    /// How many rows each table has.
    pub rows: BTreeMap<String, u64>,
    pub files: Vec<FileEntry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    pub name: String,
    pub bytes: u64,
    pub sha256: String,
}

impl Manifest {
    pub(super) fn save(&self, folder: &Path) -> Result<(), BackupError> {
        let mut text = serde_json::to_string_pretty(self).map_err(|why| BackupError::file(folder, why))?;
        text.push('\n');
        folder::write(&folder.join(NAME), text.as_bytes())
    }

    pub(super) fn load(folder: &Path) -> Result<Self, BackupError> {
        let path = folder.join(NAME);
        let found = std::fs::metadata(&path)
            .map_err(|why| BackupError::file(&path, format!("{why}: this is no backup, or not all of it")))?;
        if found.len() > BYTES_MAX {
            return Err(BackupError::file(&path, "is too long for a manifest"));
        }
        let text = std::fs::read_to_string(&path).map_err(|why| BackupError::file(&path, why))?;
        // The number alone first: another form has other fields.
        #[derive(Deserialize)]
        struct Form {
            format: u32,
        }
        let form: Form = serde_json::from_str(&text).map_err(|why| BackupError::file(&path, why))?;
        if form.format != FORMAT {
            let why = format!("is of form {}, this program knows {FORMAT}", form.format);
            return Err(BackupError::file(&path, why));
        }
        let manifest: Self = serde_json::from_str(&text).map_err(|why| BackupError::file(&path, why))?;
        if manifest.files.is_empty() || manifest.files.iter().any(|file| !is_plain(&file.name)) {
            return Err(BackupError::file(&path, "names no files, or some that lie elsewhere"));
        }
        Ok(manifest)
    }

    pub fn total_rows(&self) -> u64 {
        self.rows.values().sum()
    }

    pub fn total_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// A name that stays in its folder.
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        && !name.starts_with('.')
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_their_folder() {
        for (name, plain) in [
            ("rows.sqlite", true),
            ("auth_keys.copy", true),
            ("", false),
            (".", false),
            ("..", false),
            ("../keys.sqlite", false),
            ("a/b", false),
            (".hidden", false),
        ] {
            assert_eq!(is_plain(name), plain, "{name:?}");
        }
    }
}
