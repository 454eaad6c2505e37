//! Folders that are there whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::BackupError;
use super::manifest::{FileEntry, hex};

/// Read at once while hashing and copying.
pub(super) const CHUNK: usize = 1 << 16;

/// A new folder beside its place. Removed with all that is in it unless it is finished.
pub(super) struct Draft {
    path: PathBuf,
    place: PathBuf,
    finished: bool,
}

impl Draft {
    pub(super) fn new(place: &Path) -> Result<Self, BackupError> {
        let mut name = place.as_os_str().to_owned();
        name.push(".part");
        let path = PathBuf::from(name);
        let parent = parent(place);
        fs::create_dir_all(parent).map_err(|why| BackupError::file(parent, why))?;
        let made = fs::DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|why| match why.kind() {
            ErrorKind::AlreadyExists => {
                BackupError::file(&path, "is what an earlier attempt left, or one that still runs; remove it")
            }
            _ => BackupError::file(&path, why),
        })?;
        Ok(Self { path, place: place.to_owned(), finished: false })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the folder its name, once everything in it is on disk.
    pub(super) fn finish(mut self) -> Result<(), BackupError> {
        for entry in fs::read_dir(&self.path).map_err(|why| BackupError::file(&self.path, why))? {
            let path = entry.map_err(|why| BackupError::file(&self.path, why))?.path();
            let kept = File::open(&path).and_then(|file| {
                file.set_permissions(fs::Permissions::from_mode(0o600))?;
                file.sync_all()
            });
            kept.map_err(|why| BackupError::file(&path, why))?;
        }
        sync(&self.path)?;
        // An empty folder gives way, any other does not.
        fs::rename(&self.path, &self.place).map_err(|why| BackupError::file(&self.place, why))?;
        self.finished = true;
        sync(parent(&self.place))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.finished {
            // What cannot be removed is in the way of the next attempt, which says so.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn sync(folder: &Path) -> Result<(), BackupError> {
    File::open(folder).and_then(|file| file.sync_all()).map_err(|why| BackupError::file(folder, why))
}

/// Fails unless there is nothing at this place, or an empty folder.
pub(super) fn must_be_free(place: &Path) -> Result<(), BackupError> {
    match fs::read_dir(place) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(BackupError::file(place, "is not empty; name a new folder")),
        },
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(()),
        Err(why) => Err(BackupError::file(place, why)),
    }
}

pub(super) fn create(path: &Path) -> Result<File, BackupError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(path).map_err(|why| BackupError::file(path, why))
}

pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let mut file = create(path)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|why| BackupError::file(path, why))
}

/// Length and SHA-256 of every file, in the order of their names.
pub(super) fn describe(folder: &Path) -> Result<Vec<FileEntry>, BackupError> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(|why| BackupError::file(folder, why))? {
        entries.push(describe_file(&entry.map_err(|why| BackupError::file(folder, why))?.path())?);
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

pub(super) fn describe_file(path: &Path) -> Result<FileEntry, BackupError> {
    let mut hash = Sha256::new();
    let bytes = each_chunk(path, |chunk| {
        hash.update(chunk);
        Ok(())
    })?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(FileEntry { name, bytes, sha256: hex(&hash.finalize()) })
}

/// Reads a file from its beginning to its end; gives its length.
pub(super) fn each_chunk(
    path: &Path,
    mut take: impl FnMut(&[u8]) -> Result<(), BackupError>,
) -> Result<u64, BackupError> {
    let failed = |why: std::io::Error| BackupError::file(path, why);
    let mut file = File::open(path).map_err(failed)?;
    let mut chunk = vec![0; CHUNK];
    let mut bytes = 0;
    loop {
        match file.read(&mut chunk).map_err(failed)? {
            0 => return Ok(bytes),
            length => {
                bytes += length as u64;
                take(&chunk[..length])?;
            }
        }
    }
}

pub(super) fn copy(from: &Path, to: &Path) -> Result<(), BackupError> {
    let mut file = create(to)?;
    each_chunk(from, |chunk| file.write_all(chunk).map_err(|why| BackupError::file(to, why)))?;
    file.sync_all().map_err(|why| BackupError::file(to, why))
}
